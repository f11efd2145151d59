//! The one executable that Lambda starts; which function it is says `_HANDLER`.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    croupier_web::lambda::run(croupier_functions::FUNCTIONS).await
}
