//! What every store does with vaults, tried on each of them.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::{fs, path::Path, sync::Arc};

use workroom_engine::store::{
    Ending, FlowRecord, FlowsOf, Memory, NewValue, Retention, SealedKey, Store, Vaults as _,
};
use workroom_store::SqliteStore;
use workroom_types::SessionId;

async fn each(contract: impl AsyncFn(Arc<dyn Store>)) {
    contract(Arc::new(Memory::default())).await;
    let folder = tempfile::tempdir().unwrap();
    contract(Arc::new(SqliteStore::open(&folder.path().join("data")).await.unwrap())).await;
}

fn session(name: &str) -> SessionId {
    SessionId::named(name)
}

fn key(byte: u8) -> SealedKey {
    SealedKey { key_id: format!("k{byte}"), body: vec![byte; 60] }
}

fn value(of: &str, kind: &str, number: u32, mark: u8) -> NewValue {
    let (kind, token) = (kind.to_owned(), format!("[{kind}_{number}]"));
    NewValue { session: session(of), kind, number, token, mark: [mark; 16], body: vec![mark; 90] }
}

fn flow(at: i64, of: &str, token: &str, act: &str) -> FlowRecord {
    let [session, token, act] = [of, token, act].map(str::to_owned);
    FlowRecord {
        at,
        session,
        token,
        act,
        server: "crm".to_owned(),
        body: format!("{{\"at\":{at}}}"),
    }
}

#[tokio::test]
async fn a_vault_is_made_once_and_keeps_what_is_minted() {
    each(async |store| {
        let s = session("s");
        assert_eq!(store.vault(&s, 0).await.unwrap(), None);
        let made = store.open_vault(&s, 1, key(1)).await.unwrap();
        let again = store.open_vault(&s, 2, key(2)).await.unwrap();
        assert_eq!(made, again, "the first one is there");
        assert!(
            store.mint(vec![value("s", "email", 1, 1), value("s", "email", 2, 2)]).await.unwrap()
        );
        let vault = store.vault(&s, 0).await.unwrap().unwrap();
        assert_eq!((vault.id, &vault.key), (made.id, &key(1)));
        let tokens: Vec<_> = vault.values.iter().map(|it| it.token.as_str()).collect();
        assert_eq!(tokens, ["[email_1]", "[email_2]"]);
        assert_eq!((vault.values[1].mark, &vault.values[1].body), ([2; 16], &vec![2; 90]));
        let newer = store.vault(&s, vault.values[0].id).await.unwrap().unwrap();
        assert_eq!(newer.values, vault.values[1..]);
        assert_eq!(store.numbers().await.unwrap(), [("email".to_owned(), 3)]);
    })
    .await;
}

#[tokio::test]
async fn values_are_minted_all_or_none_and_numbers_go_on_without_a_gap() {
    each(async |store| {
        for name in ["s", "t"] {
            store.open_vault(&session(name), 1, key(1)).await.unwrap();
        }
        assert!(store.mint(vec![value("s", "email", 1, 1)]).await.unwrap());
        let refused = [
            vec![value("s", "name", 1, 8), value("t", "email", 1, 9)],
            vec![value("s", "name", 1, 8), value("t", "email", 3, 9)],
            vec![value("s", "name", 1, 8), value("s", "email", 2, 1)],
            vec![value("s", "name", 1, 8), value("nobody", "email", 2, 9)],
        ];
        for values in refused {
            assert!(!store.mint(values.clone()).await.unwrap(), "{values:?}");
        }
        assert_eq!(store.numbers().await.unwrap(), [("email".to_owned(), 2)]);
        assert_eq!(store.vault(&session("s"), 0).await.unwrap().unwrap().values.len(), 1);
        // Another session may have the same value.
        assert!(store.mint(vec![value("t", "email", 2, 1)]).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_vault_ends_with_its_session_and_its_numbers_are_not_given_again() {
    each(async |store| {
        for name in ["s", "t"] {
            store.open_vault(&session(name), 1, key(1)).await.unwrap();
        }
        assert!(store.mint(vec![value("s", "email", 1, 1)]).await.unwrap());
        let ending = Ending { reason: "was dropped".to_owned(), lost: Vec::new() };
        store.end_session(&session("s"), 5, &ending).await.unwrap();
        assert_eq!(store.vault(&session("s"), 0).await.unwrap(), None);
        assert!(store.forget_vault(&session("t")).await.unwrap());
        assert!(!store.forget_vault(&session("t")).await.unwrap());
        assert_eq!(store.numbers().await.unwrap(), [("email".to_owned(), 2)]);
        let anew = store.open_vault(&session("s"), 6, key(2)).await.unwrap();
        assert_eq!((anew.key, anew.values), (key(2), Vec::new()));
    })
    .await;
}

/// Whether a file of `folder` has `needle`.
fn is_in_a_file(folder: &Path, needle: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        path.is_file() && fs::read(path).unwrap().windows(needle.len()).any(|part| part == needle)
    })
}

#[tokio::test]
async fn a_key_that_is_destroyed_is_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let store = SqliteStore::open(&folder).await.unwrap();
    let has = |byte: u8| is_in_a_file(&folder, &[byte; 60]);
    // Enough of them that pages are split, which moves what is in them.
    for n in 0..200 {
        store.open_vault(&session(&format!("other {n}")), 1, key(9)).await.unwrap();
    }
    for (name, byte) in [("forgotten", 171), ("ended", 172), ("rotated", 173)] {
        store.open_vault(&session(name), 1, key(byte)).await.unwrap();
    }
    for n in 200..400 {
        store.open_vault(&session(&format!("other {n}")), 1, key(9)).await.unwrap();
    }
    assert!(has(171) && has(172) && has(173));
    assert!(store.forget_vault(&session("forgotten")).await.unwrap());
    assert!(!has(171), "forgotten");
    let change = (session("rotated"), key(173), key(174));
    assert_eq!(store.rewrap(vec![change]).await.unwrap(), 1);
    assert!(!has(173) && has(174), "rotated");
    let ending = Ending { reason: "was dropped".to_owned(), lost: Vec::new() };
    store.end_session(&session("ended"), 5, &ending).await.unwrap();
    let retention = Retention {
        session_age_ms: i64::MAX,
        run_age_ms: i64::MAX,
        history_bytes: u64::MAX,
        shape_age_ms: i64::MAX,
        shapes: u64::MAX,
        flow_age_ms: i64::MAX,
        flows: u64::MAX,
        account_age_ms: i64::MAX,
        accounts: u64::MAX,
    };
    store.sweep(6, retention).await.unwrap();
    assert!(!has(172), "ended, and swept");
}

#[tokio::test]
async fn keys_are_wrapped_anew_unless_they_changed() {
    each(async |store| {
        for name in ["s", "t"] {
            store.open_vault(&session(name), 1, key(1)).await.unwrap();
        }
        let changes = vec![(session("s"), key(1), key(2)), (session("t"), key(3), key(2))];
        assert_eq!(store.rewrap(changes).await.unwrap(), 1);
        let keys = store.sealed_keys().await.unwrap();
        assert_eq!(keys, [(session("s"), key(2)), (session("t"), key(1))]);
    })
    .await;
}

#[tokio::test]
async fn flows_are_kept_in_order_and_the_old_and_the_many_go() {
    each(async |store| {
        store.open_vault(&session("s"), 1, key(1)).await.unwrap();
        let flows = vec![
            flow(1, "s", "[email_1]", "found"),
            flow(2, "s", "[email_1]", "revealed"),
            flow(3, "t", "[email_2]", "found"),
            flow(4, "s", "[name_1]", "refused"),
        ];
        store.keep_flows(flows.clone()).await.unwrap();
        let of = |session: Option<&str>, token: Option<&str>| FlowsOf {
            session: session.map(str::to_owned),
            token: token.map(str::to_owned),
        };
        assert_eq!(store.flows(of(None, None), 10).await.unwrap(), flows);
        assert_eq!(store.flows(of(None, None), 2).await.unwrap(), flows[2..]);
        assert_eq!(store.flows(of(Some("t"), None), 10).await.unwrap(), flows[2..3]);
        assert_eq!(store.flows(of(None, Some("[email_1]")), 10).await.unwrap(), flows[..2]);
        let servers = store.vault(&session("s"), 0).await.unwrap().unwrap().servers;
        assert_eq!(servers, [("[email_1]".to_owned(), "crm".to_owned())]);
        let keep = Retention {
            session_age_ms: i64::MAX,
            run_age_ms: i64::MAX,
            history_bytes: u64::MAX,
            shape_age_ms: i64::MAX,
            shapes: u64::MAX,
            flow_age_ms: i64::MAX,
            flows: u64::MAX,
            account_age_ms: i64::MAX,
            accounts: u64::MAX,
        };
        assert_eq!(store.sweep(100, keep).await.unwrap().flows, 0);
        assert_eq!(store.sweep(100, Retention { flow_age_ms: 98, ..keep }).await.unwrap().flows, 1);
        assert_eq!(store.sweep(100, Retention { flows: 2, ..keep }).await.unwrap().flows, 1);
        assert_eq!(store.flows(of(None, None), 10).await.unwrap(), flows[2..]);
    })
    .await;
}
