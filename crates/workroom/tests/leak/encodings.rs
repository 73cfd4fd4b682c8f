//! The planted values, and what they may look like on their way out.

const GIVEN: [&str; 10] = [
    "Aurelia",
    "Benedikt",
    "Cassandra",
    "Dietrich",
    "Eleonora",
    "Ferdinand",
    "Genevieve",
    "Hildegard",
    "Ignatius",
    "Josephine",
];
const FAMILY: [&str; 10] = [
    "Abernathy",
    "Blackwood",
    "Castellano",
    "Davenport",
    "Eisenhower",
    "Fitzgerald",
    "Greenfield",
    "Hawthorne",
    "Ivanovich",
    "Jankowski",
];
const MIDDLE: [&str; 10] = [
    "Quentin",
    "Rosalind",
    "Sebastian",
    "Theodora",
    "Ulysses",
    "Valentina",
    "Wolfgang",
    "Xanthippe",
    "Yolanda",
    "Zachariah",
];

/// The values of the first `patients` patients, as `server.py` makes them.
pub(crate) fn planted(patients: usize) -> Vec<String> {
    let of = |n: usize| {
        let (given, middle, family) = (GIVEN[n % 10], MIDDLE[n / 10 % 10], FAMILY[n / 100 % 10]);
        [
            format!("{given} {middle} {family}"),
            format!("{given}.{family}{n:04}@example.org").to_lowercase(),
            format!("+1 415 {:03} {:04}", 200 + n / 100 % 700, 1000 + n * 7 % 9000),
            format!("{:03}-{:02}-{:04}", 501 + n / 50, 11 + n % 80, 2000 + n * 3 % 7000),
            format!("{} {} Avenue", 100 + n, FAMILY[n % 10]),
        ]
    };
    (0..patients).flat_map(of).collect()
}

/// What `value` may look like: the name of the encoding, and its bytes.
pub(crate) fn of(value: &str) -> Vec<(&'static str, Vec<u8>)> {
    let each = |form: &dyn Fn(u8) -> String| value.bytes().map(form).collect::<String>();
    let joined = |with: &str, form: &dyn Fn(u8) -> String| {
        value.bytes().map(form).collect::<Vec<_>>().join(with).into_bytes()
    };
    let rot13 = |byte: u8| match byte {
        b'a'..=b'z' => (byte - b'a' + 13) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + 13) % 26 + b'A',
        other => other,
    };
    let mut all = vec![
        ("plain", value.as_bytes().to_vec()),
        ("reversed", value.bytes().rev().collect()),
        ("hex", each(&|byte| format!("{byte:02x}")).into_bytes()),
        ("percent", each(&percent).into_bytes()),
        ("percent of all", each(&|byte| format!("%{byte:02x}")).into_bytes()),
        ("escapes", each(&|byte| format!("\\u{byte:04x}")).into_bytes()),
        ("entities", each(&|byte| format!("&#{byte};")).into_bytes()),
        ("codes", joined(",", &|byte| byte.to_string())),
        ("spaced", joined(" ", &|byte| char::from(byte).to_string())),
        ("quoted", joined("\",\"", &|byte| char::from(byte).to_string())),
        ("dashed", joined("-", &|byte| char::from(byte).to_string())),
        ("rot13", value.bytes().map(rot13).collect()),
        ("utf-16", value.bytes().flat_map(|byte| [byte, 0]).collect()),
    ];
    // Where a value begins in a text of base64, it may be at each of three places of a group.
    for (name, before) in [("base64", ""), ("base64 after 1", "x"), ("base64 after 2", "xx")] {
        let text = base64(format!("{before}{value}").as_bytes());
        let (from, to) = ((before.len() * 8).div_ceil(6), (before.len() + value.len()) * 8 / 6);
        all.push((name, text.as_bytes()[from..to].to_vec()));
    }
    all
}

fn percent(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
        byte => format!("%{byte:02x}"),
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = group.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            let digit = number >> (18 - 6 * place) & 63;
            text.push(char::from(DIGITS[digit as usize]));
        }
    }
    text
}
