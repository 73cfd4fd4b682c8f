//! `workroom vault`: forgetting what a session's tokens stand for, and changing the master key.

use std::fmt::Write as _;

use serde_json::json;
use workroom_engine::{
    MasterKeys as _,
    store::{SealedKey, Store},
};
use workroom_privacy::seal::{self, MasterKey, NONCE_BYTES, Wrapped};
use workroom_types::SessionId;

use crate::{
    args::{Global, Vault, VaultCommand},
    output::{self, Answer, Failure},
    privacy::{self, COMMAND, KEY_VARIABLE, OLD_KEY_VARIABLE},
    settings,
    store::{self, Keep},
};

pub(crate) async fn vault(global: &Global, args: &Vault) -> Result<Answer, Failure> {
    let store = store::open(Keep::Stored).await?;
    match &args.command {
        VaultCommand::Forget { session } => forget(&*store, session).await,
        VaultCommand::Rotate => rotate(global, &*store).await,
    }
}

async fn forget(store: &dyn Store, session: &str) -> Result<Answer, Failure> {
    let id = SessionId::named(session.to_owned());
    if !store.forget_vault(&id).await.map_err(Failure::failed)? {
        return Err(Failure::usage(format!("session `{session}` has no masked values"))
            .hint("`workroom sessions list` shows the sessions there are"));
    }
    let text = format!(
        "forgot what the tokens of session {session} stand for: its key is gone, and a token of \
         it is an error from now on"
    );
    Ok(Answer::new(text, &json!({ "ok": true, "session": session }), output::OK))
}

/// A new master key, and every session's key wrapped with it. Whoever is interrupted has both keys
/// still, and does it again.
async fn rotate(global: &Global, store: &dyn Store) -> Result<Answer, Failure> {
    let settings = settings::load(global)?;
    let keys = privacy::keys(&settings.config.privacy);
    let is_given = keys.given().is_some();
    let mut all = keys.keys().map_err(Failure::failed)?;
    if is_given && all.len() < 2 {
        return Err(Failure::usage(
            "the master key is given, and there is no other to change it for",
        )
        .hint(format!(
            "put the new key into `{KEY_VARIABLE}` and the present one into \
                 `{OLD_KEY_VARIABLE}`, or let `{COMMAND}` print both, the new one first; then run \
                 this again"
        )));
    }
    if !is_given {
        all.insert(0, MasterKey::new(privacy::random()));
        keys.write(&all).map_err(Failure::failed)?;
    }
    let (count, lost) = rewrap(store, &all).await?;
    if !is_given {
        // A gateway that runs may have wrapped a key with the last one just now.
        let used = store.sealed_keys().await.map_err(Failure::failed)?;
        let is_needed = |(at, key): &(usize, MasterKey)| {
            *at < 2 || used.iter().any(|(_, sealed)| sealed.key_id == key.id())
        };
        let kept: Vec<MasterKey> =
            all.into_iter().enumerate().filter(is_needed).map(|(_, key)| key).collect();
        keys.write(&kept).map_err(Failure::failed)?;
    }
    let mut text = format!("{count} sessions' keys are wrapped with a new master key");
    if lost > 0 {
        let _ = write!(text, "; {lost} cannot be read, since their master key is not given");
    }
    let json = json!({ "ok": lost == 0, "sessions": count, "lost": lost });
    Ok(Answer::new(text, &json, if lost == 0 { output::OK } else { output::FAILED }))
}

/// Wraps every session's key with the first of `keys`; says how many, and how many were lost.
async fn rewrap(store: &dyn Store, keys: &[MasterKey]) -> Result<(u64, usize), Failure> {
    let Some(newest) = keys.first() else { return Err(Failure::failed("there is no master key")) };
    let mut changes = Vec::new();
    let mut lost = 0;
    for (session, sealed) in store.sealed_keys().await.map_err(Failure::failed)? {
        if sealed.key_id == newest.id() {
            continue;
        }
        let wrapped = Wrapped { key_id: sealed.key_id.clone(), body: sealed.body.clone() };
        match seal::unwrap(keys, &wrapped, session.as_str()) {
            Ok(key) => {
                let mut nonce = [0; NONCE_BYTES];
                nonce.copy_from_slice(&privacy::random()[..NONCE_BYTES]);
                let new = newest.wrap(&key, session.as_str(), nonce);
                let new = SealedKey { key_id: new.key_id, body: new.body };
                changes.push((session, sealed, new));
            }
            Err(_) => lost += 1,
        }
    }
    let count = store.rewrap(changes).await.map_err(Failure::failed)?;
    Ok((count, lost))
}
