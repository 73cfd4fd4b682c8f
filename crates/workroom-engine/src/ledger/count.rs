//! From a request to its account: texts become volumes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use workroom_ledger::{
    Volume,
    account::{Account, Call, Kind, Loaded, Wire},
};
use workroom_types::RunId;

use super::{COUNTED_BYTES_MAX, Entry, Queued, RawCall, Traffic, keep_beside};
use crate::{
    Shared, calls,
    journal::{Record, Wait},
    privacy, report,
    store::{Store, StoreError},
};

/// Bytes of a token where tokens are reckoned: what JSON and English have on average.
const TOKEN_BYTES: u64 = 4;

/// Counts `entry` and keeps its account.
pub(super) async fn count(shared: &Arc<Shared>, kind: Kind, entry: Entry) {
    let Entry { account, asked, answered, calls, traffic, .. } = entry;
    let mut account = Account { kind, ..account };
    let bytes = asked.len() + answered.len();
    let mut texts = Some((asked, answered));
    let queued = Queued::new(&shared.ledger.queued, bytes);
    if queued.is_none()
        && let Some((asked, answered)) = texts.take()
    {
        account.asked = reckoned(asked.len());
        account.answered = reckoned(answered.len());
        account.reckoned = true;
    }
    // It is never closed, so there is nothing to be told.
    let _turn = shared.ledger.one.acquire().await;
    let calls = match (account.run.as_deref(), traffic.as_deref()) {
        (Some(run), Some(traffic)) => {
            journaled(&*shared.store, &RunId::named(run), Some(traffic)).await
        }
        _ => Ok(calls.into_iter().map(Made::from).collect()),
    };
    let calls = calls.unwrap_or_else(|error| {
        tracing::error!(run = account.run, %error, "the calls of a run are not accounted for");
        Vec::new()
    });
    let counted = tokio::task::spawn_blocking(move || {
        if let Some((asked, answered)) = texts {
            account.asked = Volume::of(&asked);
            account.answered = Volume::of(&answered);
        }
        account.calls = measured(calls, &mut account.reckoned);
        account
    });
    match counted.await {
        Ok(mut account) => {
            account.servers = loaded(shared, &account.calls).await;
            shared.ledger.keep_or_tell(account).await;
        }
        Err(error) => tracing::error!(%error, "an account of what passed could not be counted"),
    }
    drop(queued);
    keep_beside(shared).await;
}

fn reckoned(bytes: usize) -> Volume {
    let bytes = bytes as u64;
    Volume { tokens: bytes.div_ceil(TOKEN_BYTES), bytes }
}

/// A call with its turn.
pub(super) struct Made {
    call: RawCall,
    turn: u64,
}

impl From<RawCall> for Made {
    fn from(call: RawCall) -> Self {
        Self { call, turn: 1 }
    }
}

/// `calls` as volumes. Beyond the bound the rest is reckoned from its bytes.
fn measured(calls: Vec<Made>, is_reckoned: &mut bool) -> Vec<Call> {
    let mut left = COUNTED_BYTES_MAX;
    let mut volume = |text: &str| match left.checked_sub(text.len()) {
        Some(rest) => {
            left = rest;
            Volume::of(text)
        }
        None => {
            *is_reckoned = true;
            reckoned(text.len())
        }
    };
    let calls = calls.into_iter().map(|Made { call, turn }| Call {
        arguments: volume(&call.arguments),
        result: volume(&call.result),
        server: call.tool.server,
        tool: call.tool.tool,
        turn,
        failed: call.failed,
        wire: call.wire,
        duration_ms: report::milliseconds(call.duration),
    });
    calls.collect()
}

/// The calls of `run`, from its journal, with what passed for each.
pub(super) async fn journaled(
    store: &dyn Store,
    run: &RunId,
    traffic: Option<&Traffic>,
) -> Result<Vec<Made>, StoreError> {
    let Some(record) = Record::read(&store.journal(run).await?)? else {
        return Ok(Vec::new());
    };
    Ok(made(record, traffic))
}

/// The calls of servers' tools in `record`, in the order in which a model would have made them.
///
/// A call's turn is one after that of the answers that its step was given: it may need those, and
/// what it did not wait for it does not need. So chains of calls that go on side by side are as
/// many turns as the longest has calls.
fn made(record: Record, traffic: Option<&Traffic>) -> Vec<Made> {
    let mut turns: BTreeMap<u32, u64> = BTreeMap::new();
    let mut answers = BTreeMap::new();
    let mut asked = Vec::new();
    for step in record.steps {
        let of = |id: u32| turns.get(&id).copied().unwrap_or_default();
        let needed = step.answers.iter().map(|answer| of(answer.id)).max().unwrap_or_default();
        answers.extend(step.answers.into_iter().map(|answer| (answer.id, answer.result)));
        let Some(turn) = step.turn else { continue };
        for timer in &turn.timers {
            turns.insert(timer.id, needed);
        }
        for call in turn.calls {
            // What the gateway answers itself is no request of a model's.
            let is_tool = !calls::is_own(&call) && !privacy::is_question(&call);
            turns.insert(call.id, needed + u64::from(is_tool));
            if is_tool {
                asked.push((needed + 1, call));
            }
        }
    }
    for (id, open) in record.open {
        if let (Wait::Call(_), Some(answer)) = (open.wait, open.answer) {
            answers.insert(id, answer.result);
        }
    }
    // A model that made the calls would have made them turn by turn.
    asked.sort_by_key(|(turn, _)| *turn);
    let made = asked.into_iter().map(|(turn, call)| {
        let (wire, duration) =
            traffic.map_or((Wire::default(), Duration::ZERO), |traffic| traffic.of(call.id));
        let tool = calls::tool(&call);
        let (result, failed) = match answers.remove(&call.id) {
            Some(Ok(result)) => (result, false),
            Some(Err(error)) => (error.message, true),
            None => (String::new(), true),
        };
        let arguments = call.arguments;
        Made { call: RawCall { tool, arguments, result, failed, wire, duration }, turn }
    });
    made.collect()
}

/// How large the definitions of the servers of `calls` are.
async fn loaded(shared: &Arc<Shared>, calls: &[Call]) -> Vec<Loaded> {
    let catalog = shared.catalog();
    let mut loaded = Vec::new();
    for call in calls {
        if loaded.iter().any(|it: &Loaded| it.server == call.server) {
            continue;
        }
        let Some(entry) = catalog.server(&call.server) else { continue };
        let known = {
            let sizes = &shared.ledger.sizes;
            let sizes = sizes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let known = sizes.get(&entry.name).filter(|(of, _)| Arc::ptr_eq(of, entry));
            known.map(|(_, volume)| *volume)
        };
        let definitions = match known {
            Some(volume) => volume,
            None => {
                let entry = Arc::clone(entry);
                let counted = tokio::task::spawn_blocking(move || {
                    let tools = entry.tools.iter();
                    let tools = tools.map(|it| serde_json::to_string(&*it.def).unwrap_or_default());
                    let list = format!("[{}]", tools.collect::<Vec<_>>().join(","));
                    (Volume::of(&list), entry)
                });
                let Ok((volume, entry)) = counted.await else { continue };
                let sizes = &shared.ledger.sizes;
                let mut sizes = sizes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                sizes.insert(entry.name.clone(), (entry, volume));
                volume
            }
        };
        loaded.push(Loaded { server: call.server.clone(), definitions });
    }
    loaded
}

/// Counts `account` by what the store has of its run: for one whose gateway is gone.
pub(super) async fn from_store(
    store: &dyn Store,
    mut account: Account,
    run: &RunId,
    code: String,
    value: Option<String>,
) -> Result<Account, StoreError> {
    let calls = journaled(store, run, None).await?;
    let counted = tokio::task::spawn_blocking(move || {
        account.asked = Volume::of(&code);
        account.answered = Volume::of(&value.unwrap_or_default());
        account.calls = measured(calls, &mut account.reckoned);
        account
    });
    counted.await.map_err(|error| StoreError::Failed(format!("it cannot be counted: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::{Entry, TurnRecord},
        sandbox::{Answer, Code, GuestCall},
    };

    /// A journal, told in words: `1 2` asks for calls, `+1` hands an answer in.
    fn journal(steps: &[&str]) -> Record {
        let call = |id: &str| GuestCall {
            id: id.parse().unwrap(),
            module: "crm".to_owned(),
            function: format!("f{id}"),
            arguments: "{}".to_owned(),
        };
        let mut entries = vec![Entry::Code(Code { file: "r.ts".to_owned(), text: String::new() })];
        for step in steps {
            let (answers, calls): (Vec<&str>, Vec<&str>) =
                step.split_whitespace().partition(|word| word.starts_with('+'));
            let ids: Vec<u32> = answers.iter().map(|word| word[1..].parse().unwrap()).collect();
            for id in &ids {
                entries.push(Entry::Answered(Answer { id: *id, result: Ok(format!("{id}")) }));
            }
            if !ids.is_empty() {
                entries.push(Entry::Resumed(ids));
            }
            let calls = calls.into_iter().map(call).collect();
            entries.push(Entry::Turn(TurnRecord { calls, ..TurnRecord::default() }));
        }
        let entries = entries.iter().map(|entry| postcard::to_stdvec(entry).unwrap());
        Record::read(&entries.collect::<Vec<_>>()).unwrap().unwrap()
    }

    #[track_caller]
    fn check(steps: &[&str], expected: &str) {
        let made = made(journal(steps), None);
        let shown = made.iter().map(|made| format!("{}:{}", made.call.tool.tool, made.turn));
        assert_eq!(shown.collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn calls_that_need_no_answer_of_each_other_are_one_turn() {
        check(&["1 2 3", "+2", "+1 +3 4", "+4"], "f1:1 f2:1 f3:1 f4:2");
        check(&["1", "+1 2", "+2 3", "+3"], "f1:1 f2:2 f3:3");
    }

    #[test]
    fn chains_side_by_side_are_as_many_turns_as_the_longest_has_calls() {
        check(
            &["1 2 3", "+1 4", "+2 5", "+4 6", "+3 7", "+5 8", "+7 9", "+6 +8 +9"],
            "f1:1 f2:1 f3:1 f4:2 f5:2 f7:2 f6:3 f8:3 f9:3",
        );
    }

    #[test]
    fn a_call_without_an_answer_gave_no_result() {
        let made = made(journal(&["1 2", "+1"]), None);
        let shown: Vec<_> =
            made.iter().map(|it| (it.call.result.as_str(), it.call.failed)).collect();
        assert_eq!(shown, [("1", false), ("", true)]);
    }
}
