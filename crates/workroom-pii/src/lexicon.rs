//! The words that the recognisers know, each with what it may be.
//!
//! The lists are data files of single words, folded: lower case, without accents. One table holds
//! them all, so a word of a text is looked up once.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::LazyLock,
};

/// What a word may be: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lex(u32);

impl Lex {
    pub(crate) const GIVEN: Lex = Lex(1);
    pub(crate) const FAMILY: Lex = Lex(1 << 1);
    /// An ordinary word, which has a capital only at the start of a sentence or in a title.
    pub(crate) const COMMON: Lex = Lex(1 << 2);
    /// A city or another place smaller than a state.
    pub(crate) const PLACE: Lex = Lex(1 << 3);
    pub(crate) const COUNTRY: Lex = Lex(1 << 4);
    /// A word that ends or makes the name of an organisation: `GmbH`, `University`.
    pub(crate) const ORG: Lex = Lex(1 << 5);
    /// A word that makes a street of the words before it: `Street`, `Lane`.
    pub(crate) const STREET: Lex = Lex(1 << 6);
    /// A word that makes a street of the words after it: `Rue`, `Via`, `ul`.
    pub(crate) const STREET_BEFORE: Lex = Lex(1 << 7);
    /// A part of a building: `Suite`, `Apt`.
    pub(crate) const UNIT: Lex = Lex(1 << 8);
    /// A form of address before a name: `Mr`, `Frau`.
    pub(crate) const TITLE: Lex = Lex(1 << 9);
    /// A word inside a name: `van`, `de`, `bin`.
    pub(crate) const PARTICLE: Lex = Lex(1 << 10);
    pub(crate) const MONTH: Lex = Lex(1 << 11);
    pub(crate) const WEEKDAY: Lex = Lex(1 << 12);
    /// Of a nation, a faith or a language: `Spanish`.
    pub(crate) const NATION: Lex = Lex(1 << 13);
    /// What a person does, which a thing does not: `said`, `asked`, `replied`.
    pub(crate) const SPEECH: Lex = Lex(1 << 14);
    /// A word that a person's name follows: `dear`, `hi`, `by`, `with`, `named`.
    pub(crate) const BEFORE_NAME: Lex = Lex(1 << 15);
    /// Also an ordinary word or a month: `Will`, `May`, `Rose`.
    pub(crate) const AMBIGUOUS: Lex = Lex(1 << 16);
    /// A state or province, or its abbreviation.
    pub(crate) const STATE: Lex = Lex(1 << 17);
    /// A brand, product or technical term that has a capital anywhere.
    pub(crate) const BRAND: Lex = Lex(1 << 18);
    /// A word of a language in which nouns have capitals, or that is not English.
    pub(crate) const GERMAN: Lex = Lex(1 << 19);

    /// A word of English prose.
    pub(crate) const ENGLISH: Lex = Lex(1 << 20);

    pub(crate) const fn or(self, other: Lex) -> Lex {
        Lex(self.0 | other.0)
    }

    /// Whether any of `other` is in the set.
    pub(crate) const fn any(self, other: Lex) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

const FILES: [(&str, Lex); 23] = [
    (include_str!("../data/given-english.txt"), Lex::GIVEN),
    (include_str!("../data/given-europe.txt"), Lex::GIVEN),
    (include_str!("../data/given-east.txt"), Lex::GIVEN),
    (include_str!("../data/given-world.txt"), Lex::GIVEN),
    (include_str!("../data/family-english.txt"), Lex::FAMILY),
    (include_str!("../data/family-europe.txt"), Lex::FAMILY),
    (include_str!("../data/family-world.txt"), Lex::FAMILY),
    (include_str!("../data/common.txt"), Lex::COMMON.or(Lex::ENGLISH)),
    (include_str!("../data/common-german.txt"), Lex::COMMON.or(Lex::GERMAN)),
    (include_str!("../data/ambiguous.txt"), Lex::AMBIGUOUS),
    (include_str!("../data/places.txt"), Lex::PLACE),
    (include_str!("../data/countries.txt"), Lex::COUNTRY),
    (include_str!("../data/states.txt"), Lex::STATE),
    (include_str!("../data/nations.txt"), Lex::NATION),
    (include_str!("../data/organizations.txt"), Lex::ORG),
    (include_str!("../data/brands.txt"), Lex::BRAND),
    (include_str!("../data/streets.txt"), Lex::STREET),
    (include_str!("../data/streets-before.txt"), Lex::STREET_BEFORE),
    (include_str!("../data/units.txt"), Lex::UNIT),
    (include_str!("../data/titles.txt"), Lex::TITLE),
    (include_str!("../data/particles.txt"), Lex::PARTICLE),
    (include_str!("../data/speech.txt"), Lex::SPEECH),
    (include_str!("../data/before-name.txt"), Lex::BEFORE_NAME),
];

const MONTHS: &str = "january february march april may june july august september october november \
    december jan feb mar apr jun jul aug sep sept oct nov dec januar februar maerz marz mai juni \
    juli oktober dezember janvier fevrier mars avril juin juillet aout septembre octobre novembre \
    decembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre \
    diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre";

const WEEKDAYS: &str = "monday tuesday wednesday thursday friday saturday sunday montag dienstag \
    mittwoch donnerstag freitag samstag sonntag lundi mardi mercredi jeudi vendredi samedi \
    dimanche lunes martes miercoles jueves viernes sabado domingo today tomorrow yesterday";

type Table = HashMap<&'static str, Lex, BuildHasherDefault<WordHasher>>;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    let more = [(MONTHS, Lex::MONTH), (WEEKDAYS, Lex::WEEKDAY)];
    for (words, lex) in FILES.into_iter().chain(more) {
        let lines = words.lines().filter(|line| !line.starts_with('#'));
        for word in lines.flat_map(str::split_ascii_whitespace) {
            let known: &mut Lex = table.entry(word).or_default();
            *known = known.or(lex);
        }
    }
    table
});

/// What `word` may be.
pub(crate) fn look_up(word: &str) -> Lex {
    // Nearly all words are short and ASCII: their folded form needs no allocation.
    let mut buffer = [0_u8; 24];
    let bytes = word.as_bytes();
    if let (true, Some(short)) = (word.is_ascii(), buffer.get_mut(..bytes.len())) {
        for (to, from) in short.iter_mut().zip(bytes) {
            *to = from.to_ascii_lowercase();
        }
        let Ok(folded) = std::str::from_utf8(short) else { return Lex::default() };
        return TABLE.get(folded).copied().unwrap_or_else(|| inflected(folded));
    }
    let mut folded = String::with_capacity(word.len());
    fold_word(word, &mut folded);
    TABLE.get(folded.as_str()).copied().unwrap_or_default()
}

/// What a word may be whose English stem alone is listed: `requests`, `posted`, `meeting`.
fn inflected(word: &str) -> Lex {
    const ENDINGS: [(&str, &str); 16] = [
        ("ies", "y"),
        ("ied", "y"),
        ("es", ""),
        ("s", ""),
        ("ed", ""),
        ("ed", "e"),
        ("ing", ""),
        ("ing", "e"),
        ("er", ""),
        ("er", "e"),
        ("ers", ""),
        ("ers", "e"),
        ("ly", ""),
        ("ment", ""),
        ("ness", ""),
        ("able", ""),
    ];
    let is_common = |stem: &str| TABLE.get(stem).is_some_and(|lex| lex.any(Lex::ENGLISH));
    let mut buffer = String::new();
    for (ending, instead) in ENDINGS {
        let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.len() >= 3) else { continue };
        buffer.clear();
        buffer.push_str(stem);
        buffer.push_str(instead);
        let mut letters = stem.bytes().rev();
        let doubled = letters.next() == letters.next() && instead.is_empty();
        if is_common(&buffer) || doubled && is_common(&stem[..stem.len() - 1]) {
            return Lex::COMMON.or(Lex::ENGLISH);
        }
    }
    Lex::default()
}

/// Appends `word` in lower case and without accents.
pub(crate) fn fold_word(word: &str, out: &mut String) {
    for c in word.chars() {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
            continue;
        }
        for c in c.to_lowercase() {
            match c {
                '\u{300}'..='\u{36f}' => {}
                _ => match bare(c) {
                    Some(bare) => out.push_str(bare),
                    None => out.push(c),
                },
            }
        }
    }
}

/// The letters that an accented Latin letter is looked up by.
fn bare(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ả' | 'ạ' | 'ấ' | 'ầ' => {
            "a"
        }
        'ç' | 'ć' | 'č' | 'ĉ' | 'ċ' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ế' | 'ề' | 'ệ' | 'ẹ' => {
            "e"
        }
        'ğ' | 'ģ' | 'ĝ' | 'ġ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' | 'ĩ' | 'ị' => "i",
        'ķ' => "k",
        'ł' | 'ľ' | 'ĺ' | 'ļ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ő' | 'ō' | 'ơ' | 'ố' | 'ồ' | 'ộ' | 'ọ' => {
            "o"
        }
        'ř' | 'ŕ' => "r",
        'ś' | 'š' | 'ş' | 'ș' | 'ŝ' => "s",
        'ť' | 'ţ' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ű' | 'ů' | 'ū' | 'ų' | 'ư' | 'ụ' => "u",
        'ý' | 'ÿ' | 'ỳ' | 'ỹ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => return None,
    })
}

/// A hash for short words. The table's words are ours, so nobody can choose ones that collide.
#[derive(Default)]
struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word))
                .wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_up_folded() {
        assert!(look_up("JOSÉ").any(Lex::GIVEN));
        assert!(look_up("jose\u{301}").any(Lex::GIVEN));
        assert!(look_up("Street").any(Lex::STREET));
        assert!(look_up("zzyzx").is_empty());
        assert!(look_up("a word far longer than every word of the table").is_empty());
    }

    #[test]
    fn lists_are_folded_and_large() {
        for (words, _) in FILES {
            for line in words.lines().filter(|line| !line.starts_with('#')) {
                for word in line.split_ascii_whitespace() {
                    let mut folded = String::new();
                    fold_word(word, &mut folded);
                    assert_eq!(folded, word, "a listed word is not folded");
                }
            }
        }
        let count = |lex: Lex| TABLE.values().filter(|known| known.any(lex)).count();
        assert!(count(Lex::GIVEN.or(Lex::FAMILY)) > 4_000);
    }
}
