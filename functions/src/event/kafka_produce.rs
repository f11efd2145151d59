use croupier_rules::{
    admin::AdminAction,
    event::{Probe, Topic},
    id::{PlayerId, RequestId},
    name::Description,
};
use croupier_web::{
    bus::{Letter, kafka::Place},
    call::Call,
    caller::Admin,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unavailable;

/// Sending a probe to Kafka.
pub struct KafkaProduce;

/// Where to, and what it says.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProduceRequest {
    /// To which topic.
    topic: Topic,
    /// The way of whose events it goes; the caller's own where nobody is named.
    player_id: Option<PlayerId>,
    /// What it says, in a sentence.
    note: Option<Description>,
}

/// What was sent, and where it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProduceReply {
    event_id: RequestId,
    topic: Topic,
    #[serde(flatten)]
    place: Place,
}

impl Endpoint for KafkaProduce {
    const ROUTE: Route = Route::post(
        "kafka-produce",
        "/api/kafka/produce",
        "Send a probe to a topic of Kafka, to see whether it arrives: it tells of nothing that happened.",
    )
    .or(&[Code::KafkaOff, Code::KafkaUnavailable])
    .needs(&[Need::Kafka]);
    type Caller = Admin;
    type Request = ProduceRequest;
    type Reply = ProduceReply;

    async fn handle(call: Call<'_, Admin>, request: ProduceRequest) -> Result<ProduceReply, Failure> {
        let ProduceRequest { topic, player_id, note } = request;
        let (kafka, operator) = (call.app.kafka()?, call.caller.signed_in.player.id);
        let probe = Probe::new(call.fresh(RequestId::new), operator, call.now, note);
        let letter = Letter::of_probe(&probe, topic, player_id.unwrap_or(operator))?;
        // The entry comes first: nothing goes out of which the audit does not know.
        let entry = call.audit(AdminAction::KafkaProduce, topic).of_change((), &probe)?;
        call.store()?.keep_deed(&entry).await?;
        let place = kafka.send_one(&letter).await.map_err(unavailable)?;
        Ok(ProduceReply { event_id: probe.event_id, topic, place })
    }
}
