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
key_command = ["secret-tool", "lookup", "workroom", "vault"]
[privacy.reveal]
ehr = ["*"]
"ehr.send" = ["email", "name"]
[privacy.compute]
last4 = ["ssn"]
[privacy.words]
custom = ["Project Falcon"]
[servers.ehr]
command = "ehr"
mask = ["$.patient.**"]
"#,
        &expect![[r#"
            servers.ehr.command = ehr (workroom.toml:16:1)
            servers.ehr.mask = [$.patient.**] (workroom.toml:17:1)
            privacy.profile = hipaa (workroom.toml:3:1)
            privacy.mask_kinds = [organization] (workroom.toml:4:1)
            privacy.clear = [$.order.id] (workroom.toml:5:1)
            privacy.key_file = /project/keys/vault.key (workroom.toml:6:1)
            privacy.key_command = [secret-tool, lookup, workroom, vault] (workroom.toml:7:1)
            privacy.reveal.ehr = [*] (workroom.toml:9:1)
            privacy.reveal.ehr.send = [email, name] (workroom.toml:10:1)
            privacy.compute.last4 = [ssn] (workroom.toml:12:1)
            privacy.words.custom = 1 of them (workroom.toml:14:1)
        "#]],
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
        &expect![[r#"
            workroom.toml:3:1: there is no key `profil` (did you mean `profile`?)
            workroom.toml:5:9: `patient` is no path pattern: it does not begin with `$`; an example is `$.customer.*`
            workroom.toml:6:16: there is no kind of personal data `emial` (did you mean "email"?)
            workroom.toml:8:8: there is no kind of personal data `mail` (did you mean "email"?)
            workroom.toml:10:1: there is no key `lastfour` (did you mean `last4`?)
            workroom.toml:12:1: there is no key `customs` (did you mean `custom`?)
            workroom.toml:4:1: `privacy.profile` is `strikt` (it may be "off" or "standard" or "hipaa" or "strict", or one of yours in [privacy.profiles])
        "#]],
    );
}

#[test]
fn a_profile_of_ones_own_begins_with_another() {
    check(
        r#"
[privacy]
profile = "ours"
[privacy.profiles.ours]
base = "standard"
organization = 80
place = true
zip = false
"#,
        &expect![[r#"
            privacy.profile = ours (workroom.toml:3:1)
            privacy.profiles.ours = standard, organization from 80 %, place from 60 %, no zip (workroom.toml:4:19)
        "#]],
    );
}

#[test]
fn a_profile_of_ones_own_is_checked() {
    check(
        r#"
[privacy]
profile = "our"
[privacy.profiles.ours]
base = "standart"
emial = 60
credential = 100
phone = 101
name = "sure"
[privacy.profiles.strict]
name = 10
"#,
        &expect![[r#"
            workroom.toml:5:1: `privacy.profiles.ours.base` is `standart` (it may be "off" or "standard" or "hipaa" or "strict")
            workroom.toml:6:1: there is no key `emial` (did you mean `email`?)
            workroom.toml:7:1: there is no key `credential` (did you mean `credit_card`?)
            workroom.toml:8:1: the confidence of `phone` is 101; it may be from 0 to 100
            workroom.toml:9:1: expected an integer for `name`, found a string
            workroom.toml:10:19: a profile of your own cannot be called `strict` (give it a name that is not off, standard, hipaa or strict)
            workroom.toml:3:1: `privacy.profile` is `our` (it may be "off" or "standard" or "hipaa" or "strict" or "ours", or one of yours in [privacy.profiles])
        "#]],
    );
}

#[test]
fn a_line_for_a_server_that_is_not_there_is_odd() {
    let text = "[privacy.reveal]\ncrmm = [\"*\"]\n\"crm.send\" = [\"email\"]\n\
                [servers.crm]\ncommand = \"crm\"\n";
    let source = Source {
        path: Path::new("workroom.toml"),
        folder: Path::new("/project"),
        text,
        format: Format::Toml,
    };
    let warnings = load(&[source], &|_| None).unwrap().warnings;
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["workroom.toml:2:1: `crmm` is no server here: its line allows nothing"]);
}
