use croupier_web::{
    app::App,
    config::Need,
    consumer::SocketRoute,
    error::Failure,
    event::{SocketEvent, SocketHappening},
};

/// A socket is closed.
pub struct SocketDisconnect;

impl SocketRoute for SocketDisconnect {
    const NAME: &'static str = "socket-disconnect";
    const HAPPENING: SocketHappening = SocketHappening::Disconnect;
    const NEEDS: &'static [Need] = &[Need::Table];

    async fn handle(app: &App, event: SocketEvent) -> Result<Option<String>, Failure> {
        app.store()?.close_socket(&event.request_context.connection_id).await?;
        Ok(None)
    }
}
