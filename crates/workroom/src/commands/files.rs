//! `workroom ls` and `workroom cat`: the tree that agents see.

use serde_json::json;
use workroom_engine::{Caller, Node};
use workroom_ledger::account::Kind;

use crate::{
    args::{Cat, Global, Ls},
    gateway::Gateway,
    output::{self, Answer, Failure},
    store::Keep,
};

pub(crate) async fn ls(global: &Global, args: &Ls) -> Result<Answer, Failure> {
    match read(global, &args.path).await? {
        Node::Folder(entries) => Ok(Answer::new(
            workroom_server::face::listing(&entries),
            &json!({ "path": args.path, "entries": entries }),
            output::OK,
        )),
        Node::File(_) => {
            Ok(Answer::new(&*args.path, &json!({ "path": args.path, "entries": [] }), output::OK))
        }
    }
}

pub(crate) async fn cat(global: &Global, args: &Cat) -> Result<Answer, Failure> {
    match read(global, &args.path).await? {
        Node::File(text) => Ok(Answer::new(
            text.trim_end(),
            &json!({ "path": args.path, "text": &*text }),
            output::OK,
        )),
        Node::Folder(_) => Err(Failure::failed(format!("`{}` is a folder", args.path))
            .hint(format!("list it: `workroom ls {}`", args.path))),
    }
}

async fn read(global: &Global, path: &str) -> Result<Node, Failure> {
    // Results of runs are in the store, and what tools' results have looked like; the rest of the
    // tree is the servers', and shown also where the store cannot be opened.
    let is_result = path.trim_start_matches(['.', '/']).starts_with("results");
    let gateway = match Gateway::open(global, Keep::Stored).await {
        Err(_) if !is_result => Gateway::open(global, Keep::Nothing).await?,
        opened => opened?,
    };
    gateway.settled(global.json).await;
    let passage = gateway.engine.passage(None);
    let written = json!({ "path": path }).to_string();
    passage.begins(Kind::Read, &Caller::cli(), &gateway.engine.new_session_id(), written);
    let node = gateway.engine.read(path, None).await;
    match &node {
        Ok(Node::File(text)) => passage.ended(text.as_ref().to_owned(), true),
        Ok(Node::Folder(entries)) => passage.ended(workroom_server::face::listing(entries), true),
        Err(error) => passage.ended(error.to_string(), false),
    }
    drop(passage);
    gateway.close().await;
    node.map_err(Failure::failed)
}
