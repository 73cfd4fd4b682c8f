//! The facts of the case: what the right answer is made from.

use crate::{Day, grammar::expand, rng::Rng};

use super::{
    planted::{DOCKETED, ISSUES, REQUESTED},
    transcript::{self, Transcript},
};

/// The seed of the world that the demo shows.
pub const SEED: u64 = 2037;

/// The day on which the world is looked at: 2026-11-20, a Friday.
pub(crate) const TODAY: Day = Day::from_epoch(20_777);

/// The number of the matter, as the job names it.
pub(crate) const NUMBER: &str = "2024-0187";

/// Days on which the court is closed.
pub(crate) const HOLIDAYS: [(&str, &str); 8] = [
    ("2026-11-11", "Veterans Day"),
    ("2026-11-26", "Thanksgiving Day"),
    ("2026-11-27", "Day after Thanksgiving"),
    ("2026-12-24", "Christmas Eve"),
    ("2026-12-25", "Christmas Day"),
    ("2027-01-01", "New Year's Day"),
    ("2027-01-18", "Martin Luther King Jr. Day"),
    ("2027-02-15", "Presidents' Day"),
];

const FIRST: [(&str, &str); 14] = [
    ("Ruth", "Ms."),
    ("Daniel", "Mr."),
    ("Carmen", "Ms."),
    ("Victor", "Mr."),
    ("Helen", "Ms."),
    ("Marcus", "Mr."),
    ("Priya", "Ms."),
    ("Owen", "Mr."),
    ("Leah", "Ms."),
    ("Tomas", "Mr."),
    ("Nadia", "Ms."),
    ("Curtis", "Mr."),
    ("Gloria", "Ms."),
    ("Felix", "Mr."),
];

const LAST: [&str; 20] = [
    "Okonkwo",
    "Brandvold",
    "Castellano",
    "Whitlock",
    "Marsh",
    "Delacroix",
    "Pruitt",
    "Yamada",
    "Ferris",
    "Kowal",
    "Stroud",
    "Bellamy",
    "Nakagawa",
    "Rourke",
    "Vance",
    "Ostrander",
    "Quill",
    "Tamayo",
    "Haldane",
    "Merriweather",
];

const CITIES: [&str; 9] =
    ["Fresno", "Yakima", "Salem", "Modesto", "Tacoma", "Boise", "Eugene", "Stockton", "Spokane"];

const COMPANIES: [&str; 8] = [
    "Pacific Rack & Chiller",
    "Boreal Mechanical",
    "Corliss Supply",
    "Northgate Controls",
    "Sutter Refrigerants",
    "Three Rivers Testing",
    "Hallam Engineering",
    "Ironwood Instruments",
];

/// Somebody with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) first: &'static str,
    pub(crate) last: &'static str,
    pub(crate) title: &'static str,
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    pub(crate) title: String,
    pub(crate) due: Day,
    /// `open`, `done` or `vacated`.
    pub(crate) status: &'static str,
}

/// One deposition in one matter.
#[derive(Clone, Debug)]
pub struct Facts {
    pub(crate) seed: u64,
    pub(crate) witness: Person,
    /// Of Meridian, the client: whom the letter goes to.
    pub(crate) client: Person,
    pub(crate) deposed: Day,
    pub(crate) document: String,
    pub(crate) account: String,
    pub(crate) docket: Vec<Deadline>,
    /// What counsel asked for on the record, with the days given.
    pub(crate) requests: Vec<(String, u32)>,
    pub(crate) transcript: Transcript,
}

impl Person {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    pub(crate) fn email(&self, domain: &str) -> String {
        format!("{}.{}@{domain}", self.first.to_lowercase(), self.last.to_lowercase())
    }
}

/// A person of whom nothing matters but the name.
pub(crate) fn person(rng: &mut Rng) -> Person {
    let (first, title) = *rng.pick(&FIRST);
    Person { first, last: rng.pick::<&str>(&LAST), title }
}

impl Facts {
    /// The case of `seed`: the same on every machine.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x1E6A_1000);
        let mut lasts = LAST;
        rng.shuffle(&mut lasts);
        let mut role = |index: usize| Person { last: lasts[index], ..person(&mut rng) };
        let (witness, client, ours, theirs) = (role(0), role(1), role(2), role(3));
        let deposed = TODAY.plus(-i32::try_from(rng.within(2, 9)).expect("a few days"));
        let mut docket: Vec<Deadline> = DOCKETED
            .iter()
            .map(|title| Deadline {
                title: (*title).to_owned(),
                due: next_business(TODAY.plus(i32::try_from(rng.within(5, 85)).expect("days"))),
                status: rng.pick::<&str>(&["open", "open", "open", "done", "vacated"]),
            })
            .collect();
        // Some are open in every world, and some are not.
        for (deadline, status) in docket.iter_mut().zip(["open", "done", "open", "vacated", "open"])
        {
            deadline.status = status;
        }
        let mut requested = REQUESTED;
        rng.shuffle(&mut requested);
        let count = rng.within(2, 4) as usize;
        let requests: Vec<(String, u32)> = requested[..count]
            .iter()
            .map(|what| ((*what).to_owned(), *rng.pick(&[7, 10, 14, 21, 30, 45])))
            .collect();
        let document = format!("D{}", 410_000 + rng.below(80_000));
        let account = format!("ACC-{:05}", 2_000 + rng.below(7_000));
        let cast = Cast { witness: &witness, ours: &ours, theirs: &theirs, deposed };
        let transcript = transcript::write(&mut rng, &cast, &requests);
        Self { seed, witness, client, deposed, document, account, docket, requests, transcript }
    }

    /// What belongs in the calendar: the open entries of the docket, and what counsel asked for.
    pub(crate) fn deadlines(&self) -> Vec<(String, Day)> {
        let open = self.docket.iter().filter(|deadline| deadline.status == "open");
        let mut all: Vec<(String, Day)> =
            open.map(|deadline| (deadline.title.clone(), deadline.due)).collect();
        all.extend(self.requests.iter().map(|(what, days)| {
            let days = i32::try_from(*days).expect("a few days");
            (what.clone(), next_business(self.deposed.plus(days)))
        }));
        all
    }
}

/// Who speaks in a deposition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cast<'f> {
    pub(crate) witness: &'f Person,
    pub(crate) ours: &'f Person,
    pub(crate) theirs: &'f Person,
    pub(crate) deposed: Day,
}

/// `day`, or the first day after it on which the court is open.
pub(crate) fn next_business(day: Day) -> Day {
    let mut day = day;
    while day.is_weekend() || HOLIDAYS.iter().any(|(date, _)| *date == day.to_string()) {
        day = day.plus(1);
    }
    day
}

/// What the templates of the talk have names for.
pub(crate) fn slot(rng: &mut Rng, cast: &Cast<'_>, name: &str) -> String {
    match name {
        "city" => (*rng.pick(&CITIES)).to_owned(),
        "company" => (*rng.pick(&COMPANIES)).to_owned(),
        "person" => {
            let person = loop {
                let person = person(rng);
                if ![cast.witness.last, cast.ours.last, cast.theirs.last].contains(&person.last) {
                    break person;
                }
            };
            format!("{} {}", person.title, person.last)
        }
        "surname" => format!("{} {}", cast.witness.title, cast.witness.last),
        "year" => rng.within(2_006, 2_023).to_string(),
        "exhibit" => rng.within(1, 38).to_string(),
        "small" => rng.within(2, 19).to_string(),
        "number" => rng.within(40, 190).to_string(),
        "ticket" => rng.within(10_400, 98_700).to_string(),
        "amount" => format!("{},{:03}", rng.within(1, 9), rng.below(20) * 50),
        "money" => format!("{}.{} million", rng.within(1, 6), rng.within(1, 9)),
        "time" => expand(
            rng,
            "[six|seven|eight|nine|ten] [fifteen|thirty|forty-five] [a.m.|that morning]",
            &mut |_, _| String::new(),
        ),
        "date" => cast.deposed.plus(-i32::try_from(rng.within(800, 2_000)).expect("days")).long(),
        _ => panic!("the talk has no `{name}`"),
    }
}

/// The key terms of the issues that are still open, with the issue's number.
pub(crate) fn open_terms() -> impl Iterator<Item = (usize, &'static str)> {
    let open = ISSUES.iter().enumerate().filter(|(_, (_, _, is_open))| *is_open);
    open.flat_map(|(index, (_, terms, _))| terms.iter().map(move |term| (index, *term)))
}
