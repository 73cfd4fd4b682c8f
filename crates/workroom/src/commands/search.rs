//! `workroom search`: tools by what they do.

use workroom_catalog::{Detail, SearchQuery};

use crate::{
    args::{DetailArg, Global, Search},
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
    gateway.close().await;
    let code = if found.matches.is_empty() { output::FAILED } else { output::OK };
    Ok(Answer::new(found.to_string(), &found, code))
}
