//! `workroom search`: tools by what they do.

use serde_json::json;
use workroom_catalog::{Detail, SearchQuery};
use workroom_engine::Caller;
use workroom_ledger::account::Kind;

use crate::{
    args::{DetailArg, Global, Search},
    embeddings,
    gateway::Gateway,
    output::{self, Answer, Failure},
    store::Keep,
};

pub(crate) async fn search(global: &Global, args: &Search) -> Result<Answer, Failure> {
    // Skills are in the store; tools are found also where that cannot be opened.
    let gateway = match Gateway::open(global, Keep::Stored).await {
        Err(_) => Gateway::open(global, Keep::Nothing).await?,
        opened => opened?,
    };
    gateway.settled(global.json).await;
    embeddings::learnt(&gateway.engine, global.json).await;
    let passage = gateway.engine.passage(None);
    let written = json!({ "query": args.words.join(" ") }).to_string();
    passage.begins(Kind::Search, &Caller::cli(), &gateway.engine.new_session_id(), written);
    let query = SearchQuery {
        query: args.words.join(" "),
        server: args.server.clone(),
        detail: match args.detail {
            DetailArg::Name => Detail::Name,
            DetailArg::Signature => Detail::Signature,
            DetailArg::Full => Detail::Full,
        },
        limit: args.limit,
    };
    let found = gateway.engine.search(&query, None).await;
    passage.ended(found.to_string(), true);
    drop(passage);
    gateway.close().await;
    let code = if found.matches.is_empty() { output::FAILED } else { output::OK };
    Ok(Answer::new(found.to_string(), &found, code))
}
