//! The patients, and what they are referred for.

use crate::{Day, grammar::expand, rng::Rng};

/// The seed of the world that the demo shows.
pub const SEED: u64 = 2037;

/// Referrals that are ready, and drafts that are not.
pub(crate) const READY: usize = 500;
const DRAFTS: usize = 40;

pub(crate) const SPECIALTIES: [&str; 5] =
    ["Cardiology", "Dermatology", "Neurology", "Orthopedics", "Gastroenterology"];

const GIVEN: [&str; 40] = [
    "Aaliyah",
    "Agnes",
    "Ahmed",
    "Alejandro",
    "Anneliese",
    "Bao",
    "Beatriz",
    "Björn",
    "Chiamaka",
    "Claire",
    "Dmitri",
    "Dolores",
    "Edith",
    "Emeka",
    "Farid",
    "Fiona",
    "Giulia",
    "Hiroshi",
    "Ines",
    "Ivan",
    "Jamal",
    "Joanna",
    "Kofi",
    "Lars",
    "Leila",
    "Magdalena",
    "Marcel",
    "Mei",
    "Nadine",
    "Omar",
    "Patricia",
    "Quentin",
    "Rosalind",
    "Samir",
    "Tatiana",
    "Ursula",
    "Viktor",
    "Wanda",
    "Yusuf",
    "Zoë",
];

const FAMILY: [&str; 50] = [
    "Abernathy",
    "Achterberg",
    "Adeyemi",
    "Alvarado",
    "Bianchi",
    "Blackwood",
    "Castillo",
    "Chaudhry",
    "Czerny",
    "Dalgaard",
    "Desrosiers",
    "Eichmann",
    "Escobar",
    "Fitzgerald",
    "Fujimoto",
    "Gallagher",
    "Grünwald",
    "Haugen",
    "Hernández",
    "Ibrahim",
    "Iversen",
    "Jankowski",
    "Kaminski",
    "Kuznetsova",
    "Laurent",
    "Lindholm",
    "Mbeki",
    "McAllister",
    "Mendoza",
    "Murakami",
    "Nkemelu",
    "Nowak",
    "O'Sullivan",
    "Oyelaran",
    "Papadakis",
    "Pereira",
    "Quintana",
    "Rasmussen",
    "Rodriguez",
    "Sandoval",
    "Schwarzkopf",
    "Takahashi",
    "Thorvaldsen",
    "Umarov",
    "Vandenberg",
    "Villanueva",
    "Wojcik",
    "Yilmaz",
    "Zamora",
    "Zimmermann",
];

const STREETS: [&str; 12] = [
    "Alder Street",
    "Bellweather Road",
    "Canyon Drive",
    "Dogwood Lane",
    "Elm Avenue",
    "Foxglove Court",
    "Garrison Street",
    "Hawthorn Way",
    "Ironbridge Road",
    "Juniper Lane",
    "Kingfisher Drive",
    "Larchmont Avenue",
];

const CITIES: [(&str, &str); 8] = [
    ("Ashland", "97520"),
    ("Bend", "97701"),
    ("Corvallis", "97330"),
    ("Eugene", "97401"),
    ("Gresham", "97030"),
    ("Medford", "97504"),
    ("Salem", "97301"),
    ("Tigard", "97223"),
];

const PAYERS: [&str; 4] = ["Cascade Health", "Pioneer Mutual", "Rosefield Life", "State Plan"];

#[derive(Clone, Debug)]
pub(crate) struct Patient {
    pub(crate) id: String,
    pub(crate) given: &'static str,
    pub(crate) family: &'static str,
    pub(crate) born: Day,
    pub(crate) mrn: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) street: String,
    pub(crate) city: &'static str,
    pub(crate) zip: &'static str,
    pub(crate) payer: &'static str,
    pub(crate) member: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Referral {
    pub(crate) id: String,
    pub(crate) patient: usize,
    pub(crate) is_ready: bool,
    pub(crate) specialty: &'static str,
    pub(crate) is_urgent: bool,
    pub(crate) reason: String,
}

/// A practice's patients and referrals.
#[derive(Clone, Debug)]
pub struct Facts {
    pub(crate) patients: Vec<Patient>,
    pub(crate) referrals: Vec<Referral>,
}

impl Facts {
    /// The practice of `seed`: the same on every machine.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xC111_71C0);
        let patients: Vec<Patient> =
            (0..READY + DRAFTS).map(|index| patient(&mut rng, index)).collect();
        let mut drafts: Vec<bool> = (0..READY + DRAFTS).map(|index| index >= READY).collect();
        rng.shuffle(&mut drafts);
        let referrals = (0..READY + DRAFTS)
            .map(|index| Referral {
                id: format!("R{}", 20_000 + index * 7),
                patient: index,
                is_ready: !drafts[index],
                specialty: rng.pick::<&str>(&SPECIALTIES),
                is_urgent: rng.chance(20),
                reason: reason(&mut rng, &patients[index]),
            })
            .collect();
        Self { patients, referrals }
    }

    /// Those that are ready, each with its patient.
    pub(crate) fn ready(&self) -> impl Iterator<Item = (&Referral, &Patient)> {
        let ready = self.referrals.iter().filter(|referral| referral.is_ready);
        ready.map(|referral| (referral, &self.patients[referral.patient]))
    }
}

fn patient(rng: &mut Rng, index: usize) -> Patient {
    let (given, family) = (*rng.pick::<&str>(&GIVEN), *rng.pick::<&str>(&FAMILY));
    let plain: String = format!("{given}.{family}{index}")
        .chars()
        .filter(|it| it.is_ascii() && *it != '\'')
        .collect();
    let (city, zip) = *rng.pick(&CITIES);
    let age = i32::try_from(rng.within(18 * 365, 88 * 365)).expect("days of a life");
    Patient {
        id: format!("P{}", 5_000 + index * 3),
        given,
        family,
        born: Day::from_epoch(20_777 - age),
        mrn: format!("MRN-{}", 10_000_000 + index * 7_919),
        email: format!("{}@mailbox.example", plain.to_lowercase()),
        phone: format!("+1 541 {} {:04}", rng.within(201, 989), rng.below(10_000)),
        street: format!("{} {}", rng.within(10, 9_900), rng.pick::<&str>(&STREETS)),
        city,
        zip,
        payer: rng.pick::<&str>(&PAYERS),
        member: format!("XQZ{}", 400_000_000 + index * 65_537),
    }
}

/// What the doctor wrote, with the patient in it.
fn reason(rng: &mut Rng, patient: &Patient) -> String {
    let template = "[Patient|Pt] {name} [reports|complains of] [chest pain on exertion|a rash \
     on both \
        forearms|recurrent headaches|knee pain after a fall|heartburn that wakes the patient] \
        [since|for] [two weeks|March|about a month]. [Please evaluate.|Please see soon.] [Call \
        {phone} [after 5 pm|in the morning] to confirm.|Prefers e-mail: {email}.|]";
    expand(rng, template, &mut |_, slot| match slot {
        "name" => format!("{} {}", patient.given, patient.family),
        "phone" => patient.phone.clone(),
        _ => patient.email.clone(),
    })
}
