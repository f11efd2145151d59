use croupier_web::{app::App, config::Need, consumer::SocketRoute, error::Failure, event::SocketEvent};

/// A socket is closed.
pub struct SocketDisconnect;

impl SocketRoute for SocketDisconnect {
    const NAME: &'static str = "socket-disconnect";
    const KEY: &'static str = "$disconnect";
    const NEEDS: &'static [Need] = &[Need::Table];

    async fn handle(app: &App, event: SocketEvent) -> Result<Option<String>, Failure> {
        app.store()?.close_socket(&event.request_context.connection_id).await?;
        Ok(None)
    }
}
