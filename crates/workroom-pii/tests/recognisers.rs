//! What each recogniser finds, and what it must leave: hits and near misses, line by line.
//!
//! A finding stands as `⟨kind⟩`. The kinds are those of the `hipaa` profile.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests read better so")]

use expect_test::{Expect, expect};
use workroom_pii::{Detect, Detector, Found, Place, Profile, Settings, Sink, Withheld};

struct Kinds;

impl Sink for Kinds {
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld> {
        Ok(Some(format!("⟨{}⟩", found.kind.name())))
    }

    fn escape(&mut self, _: &str) -> Option<String> {
        None
    }
}

fn check(lines: &str, expected: Expect) {
    let detector = Detector::new(Settings::of(Profile::hipaa())).unwrap();
    let mask = |line: &str| {
        let masked = detector.text(line.trim(), Place::default(), &mut Kinds).unwrap();
        masked.unwrap_or_else(|| line.trim().to_owned()) + "\n"
    };
    let shown: String = lines.trim().lines().map(mask).collect();
    expected.assert_eq(&shown);
}

#[test]
fn cards() {
    check(
        "4111 1111 1111 1111
        4111-1111-1111-1111 and 378282246310005
        card 630427373398
        3530 1113 3330 0000, 6011000990139424
        my Visa is 4000000000000000006
        card 4111 1111 1111 1112
        order 4539148803436468
        1728561336123 and 1700000000000000
        barcode 4006381333931",
        expect![[r#"
            ⟨credit_card⟩
            ⟨credit_card⟩ and ⟨credit_card⟩
            card ⟨credit_card⟩
            ⟨credit_card⟩, ⟨credit_card⟩
            my Visa is ⟨credit_card⟩
            card 4111 1111 1111 1112
            order 4539148803436468
            1728561336123 and 1700000000000000
            barcode 4006381333931
        "#]],
    );
}

#[test]
fn accounts_and_state_numbers() {
    check(
        "IBAN DE89 3704 0044 0532 0130 00, or GB29NWBK60161331926819.
        DE89 3704 0044 0532 0130 01
        SSN 536-22-8714; ssn 536228714; 078 05 1120
        000-12-3456 and 666-12-3456
        ITIN 912-70-1234
        NHS number 943 476 5919
        NHS number 943 476 5918
        passport no. K0307214, passport X1234567
        my driver's license is W426-5450-0091
        MRN: 00998123, medical record number A-77812
        account number 40012298, policy number POL-99-220144
        VIN 1HGCM82633A004352
        1HGCM82633A004353
        536-22-87145, 12-536-22-8714
        codice fiscale RSSMRA80A01H501U; RSSMRA85T10A562S
        part RSSMRA80A32H501U",
        expect![[r#"
            IBAN ⟨iban⟩, or ⟨iban⟩.
            DE89 3704 0044 0532 0130 01
            SSN ⟨ssn⟩; ssn ⟨ssn⟩; ⟨ssn⟩
            000-12-3456 and 666-12-3456
            ITIN ⟨itin⟩
            NHS number ⟨nhs_number⟩
            NHS number ⟨nhs_number⟩
            passport no. ⟨passport⟩, passport ⟨passport⟩
            my driver's license is ⟨driver_licence⟩
            MRN: ⟨medical_record⟩, medical record number ⟨medical_record⟩
            account number ⟨account⟩, policy number ⟨account⟩
            VIN ⟨vehicle⟩
            1HGCM82633A004353
            536-22-87145, 12-536-22-8714
            codice fiscale ⟨national_id⟩; ⟨national_id⟩
            part RSSMRA80A32H501U
        "#]],
    );
}

#[test]
fn phones() {
    check(
        "+1 (212) 555-0100, +12125550100, (212) 555-0100, 212-555-0100, 212.555.0100
        1-212-555-0100 x123 or 212 555 0100 ext. 4
        +44 20 7946 0958, +44 (0)20 7946 0958, 020 7946 0958, 07700 900123
        +49 30 901820, 030 901820-0, 0171 2345678
        +33 1 42 68 53 00, 01 42 68 53 00, 06.12.34.56.78
        +81 90-1234-5678, 0081 90 1234 5678
        call me at 5550134, fax: 9498777106
        Arabic digits: phone ٠١٧١٢٣٤٥٦٧٨
        full width: ＋４４ ２０ ７９４６ ０９５８
        NPI 1497758544
        2024-10-09 08:02:00, 12.04.1976, 1/31/80
        version 10.4.2.1, 192.168.10.1
        order 112-7761234-9981234, part 555-1234-AB
        6 1 4 7, 100 200 300, 3.14159265",
        expect![[r#"
            ⟨phone⟩, ⟨phone⟩, ⟨phone⟩, ⟨phone⟩, ⟨phone⟩
            ⟨phone⟩ or ⟨phone⟩
            ⟨phone⟩, ⟨phone⟩, ⟨phone⟩, ⟨phone⟩
            ⟨phone⟩, ⟨phone⟩, ⟨phone⟩
            ⟨phone⟩, ⟨phone⟩, ⟨phone⟩
            ⟨phone⟩, ⟨phone⟩
            call me at ⟨phone⟩, fax: ⟨phone⟩
            Arabic digits: phone ⟨phone⟩
            full width: ⟨phone⟩
            NPI ⟨licence⟩
            ⟨date⟩, ⟨date⟩, ⟨date⟩
            version 10.4.2.1, ⟨ip⟩
            order 112-7761234-9981234, part 555-1234-AB
            6 1 4 7, 100 200 300, 3.14159265
        "#]],
    );
}

#[test]
fn addresses_of_the_net() {
    check(
        "john@x.com, JOHN.DOE+tag@mail.example.co.uk, o'brien@x.ie
        john[at]x.com, john (at) x (dot) com, john at example dot com
        jo\u{200b}hn@x.com, john&#64;x.com, john%40x.com, ｊｏｈｎ＠ｘ．ｃｏｍ
        @octocat, user@localhost, lodash@4.17.21
        10.1.2.3, 2001:db8::8a2e:370:7334, ::ffff:192.0.2.1
        127.0.0.1, ::1, 1.2.3, 12:30:45, std::net::ip, 300.1.1.1
        00:1B:44:11:3A:B7, 00-1B-44-11-3A-B7, 001b.4411.3ab7
        https://example.com/a?b=1, www.example.org, example.com/x
        https://bob:hunter22@host.io/x?token=abcdef123456
        file.txt, main.rs, a.b.c",
        expect![[r#"
            ⟨email⟩, ⟨email⟩, ⟨email⟩
            ⟨email⟩, ⟨email⟩, ⟨email⟩
            ⟨email⟩, ⟨email⟩, ⟨email⟩, ⟨email⟩
            @octocat, user@localhost, lodash@4.17.21
            ⟨ip⟩, ⟨ip⟩, ⟨ip⟩
            127.0.0.1, ::1, 1.2.3, 12:30:45, std::net::ip, 300.1.1.1
            ⟨mac⟩, ⟨mac⟩, ⟨mac⟩
            ⟨url⟩, ⟨url⟩, ⟨url⟩
            ⟨url⟩:⟨credential⟩@⟨url⟩=⟨credential⟩
            file.txt, main.rs, a.b.c
        "#]],
    );
}

#[test]
fn secrets() {
    check(
        "key sk-proj-abcdEFGH1234ijklMNOP5678
        ghp_16C7e42F292c6912E7710c838347Ae178B4a, AKIAIOSFODNN7EXAMPLE
        Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P
        password=hunter2!x API_KEY=9f8e7d6c5b4a
        {\"client_secret\": \"8a7sd6f87as6df\"}
        -----BEGIN RSA PRIVATE KEY----- MIIEow -----END RSA PRIVATE KEY-----
        xoxb-123456789012-abcdefABCDEF
        sk-estate-agents-of-london-town
        next_page_token: abc, tokens: 1200, the password is required
        bearer of bad news",
        expect![[r#"
            key ⟨credential⟩
            ⟨credential⟩, ⟨credential⟩
            Authorization: Bearer ⟨credential⟩
            password=⟨credential⟩ API_KEY=⟨credential⟩
            {"client_secret":"⟨credential⟩"}
            ⟨credential⟩
            ⟨credential⟩
            sk-estate-agents-of-london-town
            next_page_token: abc, tokens: 1200, the password is required
            bearer of bad news
        "#]],
    );
}

#[test]
fn identifiers_stay() {
    check(
        "550e8400-e29b-41d4-a716-446655440000
        12345678-1234-1234-1234-123456789012
        d670460b4b4aece5915caf5c68d12f560a9fe3e4
        01HZXW9K3V5T6Y7Z8A9B0C1D2E, cus_9s6XKzkNRiz8i3, W/\"3694e05e9dff591\"
        sha256:9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de
        ORD-2024-118832, INV-555-0134-77, SKU 555-0134-889, PO 4500012345
        902-3159896-1390916, 1Z2345999999999999, 00340434161094042557
        ISBN 978-3-16-148410-0, commit 6dcb09b, build 20241010.3
        ch_3MmlLrLkdIwHu7ix0snN0B15, #1182, v2.4.1-rc.3",
        expect![[r#"
            550e8400-e29b-41d4-a716-446655440000
            12345678-1234-1234-1234-123456789012
            d670460b4b4aece5915caf5c68d12f560a9fe3e4
            01HZXW9K3V5T6Y7Z8A9B0C1D2E, cus_9s6XKzkNRiz8i3, W/"3694e05e9dff591"
            sha256:9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de
            ORD-2024-118832, INV-555-0134-77, SKU 555-0134-889, PO 4500012345
            902-3159896-1390916, 1Z2345999999999999, 00340434161094042557
            ISBN 978-3-16-148410-0, commit 6dcb09b, build 20241010.3
            ch_3MmlLrLkdIwHu7ix0snN0B15, #1182, v2.4.1-rc.3
        "#]],
    );
}

#[test]
fn wallets() {
    check(
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq
        1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa
        0x52908400098527886E0F7030069857D2E4169EE7
        1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb
        bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdx",
        expect![[r#"
            ⟨wallet⟩
            ⟨wallet⟩
            ⟨wallet⟩
            1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb
            bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdx
        "#]],
    );
}

#[test]
fn places_and_codes() {
    check(
        "418 Prairie View Rd, Apt 3, Champaign, IL 61820
        Lindenallee 14b, 04277 Leipzig
        12 rue de la Paix, 75002 Paris
        Via Roma 5, Torino
        P.O. Box 242, Suite 12
        SW1A 1AA, K1A 0B1, NY 10001-1234, zip 94043
        Unit 7349 Box 6067, DPO AE 99081
        5 minutes, 12 Monkeys, Chapter 12, 90 days
        Apollo 11, Windows 10, Section 8",
        expect![[r#"
            ⟨address⟩
            ⟨address⟩
            ⟨address⟩
            ⟨address⟩
            ⟨address⟩
            ⟨zip⟩, ⟨zip⟩, NY ⟨zip⟩, zip ⟨zip⟩
            ⟨address⟩
            5 minutes, 12 Monkeys, Chapter 12, 90 days
            Apollo 11, Windows 10, Section 8
        "#]],
    );
}

#[test]
fn dates_and_ages() {
    check(
        "born on 12 March 1980, DOB 03/14/1962, geboren am 12.04.1976
        admitted 2024-03-01T09:12:33Z, seen on March 3, 2024
        a 92-year-old woman, aged 95, 93 years old
        a 45-year-old man, 92 bottles
        may 5 users, in 1984, 2024",
        expect![[r#"
            born on ⟨birth_date⟩, DOB ⟨birth_date⟩, geboren am ⟨birth_date⟩
            admitted ⟨date⟩, seen on ⟨date⟩
            a ⟨age⟩-year-old woman, aged ⟨age⟩, ⟨age⟩ years old
            a 45-year-old man, 92 bottles
            may 5 users, in 1984, 2024
        "#]],
    );
}

#[test]
fn names() {
    check(
        "My name is Rubija and I am Ming Li.
        Dear Ms. Weber, Dr. Suresh Nair called. Regards, Jonas
        Anna Maria van der Berg's file was sent to J. R. Okafor.
        O'Brien said that Jean-Luc Picard met Włodzimierz Kowalczyk.
        Patient: Theodora Papadaki, age 45
        Kofi asked whether Wanjiru Kamau had paid; Kamau had.
        will may mark hope to bill jack for his rose?
        i spoke to naomi ryan about the leak
        The Quarterly Report Is Ready For Review
        Please Call Support. Monday is fine. Thanks, Team
        We use Python, Jenkins and Visual Studio Code in Berlin.
        Der Vertrag und die Rechnung sind bei Frau Sonnleitner.
        Error: Connection Refused by Server
        FastMCP was renamed to MCPServer, said DiMaggio to McDonald.",
        expect![[r#"
            My name is ⟨name⟩ and I am ⟨name⟩.
            Dear Ms. ⟨name⟩, Dr. ⟨name⟩ called. Regards, ⟨name⟩
            ⟨name⟩'s file was sent to ⟨name⟩.
            ⟨name⟩ said that ⟨name⟩ met ⟨name⟩.
            Patient: ⟨name⟩, age 45
            ⟨name⟩ asked whether ⟨name⟩ had paid; ⟨name⟩ had.
            will may mark hope to bill jack for his rose?
            i spoke to ⟨name⟩ about the leak
            The Quarterly Report Is Ready For Review
            Please Call Support. Monday is fine. Thanks, Team
            We use Python, Jenkins and Visual Studio Code in ⟨place⟩.
            Der Vertrag und die Rechnung sind bei Frau ⟨name⟩.
            Error: Connection Refused by Server
            FastMCP was renamed to MCPServer, said ⟨name⟩ to ⟨name⟩.
        "#]],
    );
}
