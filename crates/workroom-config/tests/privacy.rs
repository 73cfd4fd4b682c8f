//! `[privacy]`: settings or mistakes out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, path::Path};

use expect_test::{Expect, expect};
use workroom_config::{Format, Source, load};

#[track_caller]
fn check(text: &str, expected: &Expect) {
    let source = Source {
        path: Path::new("workroom.toml"),
        folder: Path::new("/project"),
        text,
        format: Format::Toml,
    };
    let shown = match load(&[source], &|_| None) {
        Ok(config) => config.origins.iter().filter(|origin| origin.from != "default").fold(
            String::new(),
            |mut shown, origin| {
                writeln!(shown, "{} = {} ({})", origin.key, origin.value, origin.from).unwrap();
                shown
            },
        ),
        Err(errors) => format!("{errors}\n"),
    };
    expected.assert_eq(&shown);
}

#[test]
fn what_is_masked_and_where_it_may_go() {
    check(
        r#"
[privacy]
profile = "hipaa"
mask_kinds = ["organization"]
clear = ["$.order.id"]
key_file = "keys/vault.key"
[privacy.reveal]
crm = ["*"]
"mailer.send" = ["email", "name"]
[privacy.compute]
last4 = ["ssn"]
[privacy.words]
custom = ["Project Falcon"]
[servers.ehr]
command = "ehr"
mask = ["$.patient.**"]
"#,
        &expect![[r#""#]],
    );
}

#[test]
fn mistakes_say_what_was_meant() {
    check(
        r#"
[privacy]
profil = "hipaa"
profile = "strikt"
mask = ["patient"]
clear_kinds = ["emial"]
[privacy.reveal]
crm = ["mail"]
[privacy.compute]
lastfour = ["ssn"]
[privacy.words]
customs = ["x"]
"#,
        &expect![[r#""#]],
    );
}
