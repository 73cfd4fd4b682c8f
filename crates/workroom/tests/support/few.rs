//! A server with one small tool, `add`, whose answer is always `three`.

use super::Workspace;

const FEW: &str = r#"
while read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"initialize"'*) body='"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"few","version":"0"}}' ;;
    *'"tools/list"'*) body='"result":{"tools":[{"name":"add","inputSchema":{"type":"object","properties":{"a":{"type":"number"}}}}]}' ;;
    *'"tools/call"'*) body='"result":{"content":[{"type":"text","text":"three"}]}' ;;
    *) body='"error":{"code":-32601,"message":"no"}' ;;
  esac
  [ -n "$id" ] && printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$body"
done
"#;

/// A workspace with the server under the name `few`.
pub(crate) fn few() -> Workspace {
    named("few")
}

/// A workspace with the server under `name`.
pub(crate) fn named(name: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.file("few.sh", FEW);
    let config = format!("[servers.{name}]\ncommand = \"sh\"\nargs = [\"few.sh\"]\n");
    workspace.file("workroom.toml", &config);
    workspace
}
