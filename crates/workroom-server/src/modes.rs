//! Which mode a connection has: by its URL, by its client's name, or as configured.

use std::str::FromStr as _;

use rmcp::{
    ErrorData, Peer, RoleServer,
    model::{Extensions, Implementation},
};
use workroom_types::Mode;

/// The modes as they are configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// For clients that nothing else is said of.
    pub usual: Mode,
    /// By the name that a client gives of itself; capitals do not matter.
    pub clients: Vec<(String, Mode)>,
}

impl Modes {
    /// `mode` for every client.
    pub const fn all(mode: Mode) -> Self {
        Self { usual: mode, clients: Vec::new() }
    }

    /// Whether some client may be offered the servers' own tools.
    pub(crate) fn may_change(&self) -> bool {
        let changes = |mode: Mode| matches!(mode, Mode::Direct | Mode::Auto);
        changes(self.usual) || self.clients.iter().any(|(_, mode)| changes(*mode))
    }

    /// The mode of the connection that a message with `extensions` came over, whose client says
    /// `client` of itself with the message, or said it to `peer` when it connected.
    pub(crate) fn of(
        &self,
        extensions: &Extensions,
        peer: &Peer<RoleServer>,
        client: Option<Implementation>,
    ) -> Result<Mode, ErrorData> {
        let query = extensions.get::<http::request::Parts>().and_then(|parts| parts.uri.query());
        let client = client.or_else(|| Some(peer.peer_info()?.client_info.clone()));
        self.pick(query, client.as_ref().map(|client| client.name.as_str()))
            .map_err(|message| ErrorData::invalid_params(message, None))
    }

    fn pick(&self, query: Option<&str>, client: Option<&str>) -> Result<Mode, String> {
        let mut pairs = query.into_iter().flat_map(|query| query.split('&'));
        if let Some(text) = pairs.find_map(|pair| pair.strip_prefix("mode=")) {
            return Mode::from_str(text)
                .map_err(|error| format!("the parameter `mode` of the URL: {error}"));
        }
        Ok(client.map_or(self.usual, |client| self.of_client(client)))
    }

    /// The mode of the client that calls itself `name`, unless its URL says another.
    pub fn of_client(&self, name: &str) -> Mode {
        let named = self.clients.iter().find(|(client, _)| client.eq_ignore_ascii_case(name));
        named.map_or(self.usual, |(_, mode)| *mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: Option<&str>, client: Option<&str>, expected: Result<Mode, &str>) {
        let clients = vec![("claude-code".to_owned(), Mode::Auto)];
        let modes = Modes { usual: Mode::Code, clients };
        assert_eq!(modes.pick(query, client), expected.map_err(str::to_owned));
    }

    #[test]
    fn the_url_wins_over_the_client_and_that_over_the_setting() {
        check(None, None, Ok(Mode::Code));
        check(None, Some("cursor"), Ok(Mode::Code));
        check(None, Some("Claude-Code"), Ok(Mode::Auto));
        check(Some("a=b&mode=direct"), Some("claude-code"), Ok(Mode::Direct));
        check(Some("modes=direct"), None, Ok(Mode::Code));
    }

    #[test]
    fn an_unknown_mode_is_refused() {
        check(
            Some("mode=Direct"),
            None,
            Err("the parameter `mode` of the URL: `Direct` is no mode: it is `code`, `direct`, \
                 `search` or `auto`"),
        );
    }
}
