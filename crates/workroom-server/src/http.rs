//! Streamable HTTP on a socket of this machine, at the path `/mcp`.
//!
//! A browser on this machine must not be able to drive the agent's tools: the
//! `Host` header must name an allowed host, and a request that carries an
//! `Origin` must carry an allowed one (none by default).

use std::{future::Future, io, net::SocketAddr, sync::Arc};

use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use workroom_engine::Engine;

use crate::{face::Face, modes::Modes, tools::Overview, wire};

/// The largest request body, in bytes: a script at its greatest setting, with room for JSON.
const BODY_BYTES_MAX: usize = 8 << 20;

/// Who may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpConfig {
    /// `Host` header values beside `localhost`, `127.0.0.1` and `::1`.
    pub allowed_hosts: Vec<String>,
    /// `Origin` header values, with scheme and port; none by default.
    pub allowed_origins: Vec<String>,
}

/// A bound socket, ready to serve.
#[derive(Debug)]
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
}

impl HttpServer {
    /// Binds `address`; port 0 picks a free one.
    ///
    /// # Errors
    ///
    /// When the operating system refuses the address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Serves until `stop` resolves; requests under way are then cancelled.
    ///
    /// # Errors
    ///
    /// When the socket fails.
    pub async fn serve(
        self,
        engine: Engine,
        servers: Vec<Overview>,
        modes: Modes,
        config: HttpConfig,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let ended = CancellationToken::new();
        let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        hosts.extend(config.allowed_hosts);
        let settings = StreamableHttpServerConfig::default()
            .with_allowed_hosts(hosts)
            .with_allowed_origins(config.allowed_origins)
            .enforce_origin_validation()
            .with_max_request_body_bytes(BODY_BYTES_MAX)
            .with_cancellation_token(ended.child_token());
        let (counting, connection) = (engine.clone(), engine.connection());
        let service = StreamableHttpService::new(
            move || Ok(Face::new(engine.clone(), &servers, true).with_modes(modes.clone())),
            Arc::new(LocalSessionManager::default()),
            settings,
        );
        let counted = axum::middleware::from_fn(move |request, next| {
            wire::bodies(counting.clone(), connection.clone(), request, next)
        });
        let router = axum::Router::new().route_service("/mcp", service).layer(counted);
        axum::serve(self.listener, router)
            .with_graceful_shutdown(async move {
                stop.await;
                ended.cancel();
            })
            .await
    }
}
