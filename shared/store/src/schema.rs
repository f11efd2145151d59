//! What the table is made of; the template that deploys it is compared with this.

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex,
        Projection, ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
    },
};

use crate::{
    StoreError,
    key::{BY_NUMBER, DIRECTORY, EXPIRES, NAME, NUMBER, PK, SHELF, SK},
};

/// The attributes that keys and indexes are made of.
pub const ATTRIBUTES: [(&str, ScalarAttributeType); 5] = [
    (PK, ScalarAttributeType::S),
    (SK, ScalarAttributeType::S),
    (NUMBER, ScalarAttributeType::N),
    (SHELF, ScalarAttributeType::S),
    (NAME, ScalarAttributeType::S),
];
/// The table's key.
pub const TABLE_KEY: [(&str, KeyType); 2] = [(PK, KeyType::Hash), (SK, KeyType::Range)];
/// The key of the local index that holds a player's entries in order.
pub const BY_NUMBER_KEY: [(&str, KeyType); 2] = [(PK, KeyType::Hash), (NUMBER, KeyType::Range)];
/// The key of the global index in which operators look for players and invites.
pub const DIRECTORY_KEY: [(&str, KeyType); 2] = [(SHELF, KeyType::Hash), (NAME, KeyType::Range)];
/// What the directory tells besides keys: whose a name is.
pub const DIRECTORY_TELLS: &str = "player";
/// What the stream tells of a change.
pub const STREAM_VIEW: StreamViewType = StreamViewType::NewImage;

/// Makes the table, unless it is there.
///
/// # Errors
/// The endpoint cannot be reached or does not agree.
pub async fn create(client: &Client, table: &str) -> Result<(), StoreError> {
    let by_number = LocalSecondaryIndex::builder()
        .index_name(BY_NUMBER)
        .set_key_schema(Some(elements(&BY_NUMBER_KEY)?))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .map_err(unbuildable)?;
    let told = Projection::builder().projection_type(ProjectionType::Include).non_key_attributes(DIRECTORY_TELLS);
    let directory = GlobalSecondaryIndex::builder()
        .index_name(DIRECTORY)
        .set_key_schema(Some(elements(&DIRECTORY_KEY)?))
        .projection(told.build())
        .build()
        .map_err(unbuildable)?;
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(STREAM_VIEW);
    let attributes = ATTRIBUTES.into_iter().map(|(name, kind)| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().map_err(unbuildable)
    });
    let created = client
        .create_table()
        .table_name(table)
        .set_attribute_definitions(Some(attributes.collect::<Result<_, _>>()?))
        .set_key_schema(Some(elements(&TABLE_KEY)?))
        .local_secondary_indexes(by_number)
        .global_secondary_indexes(directory)
        .billing_mode(BillingMode::PayPerRequest)
        .stream_specification(stream.build().map_err(unbuildable)?)
        .send()
        .await;
    match created {
        Ok(_) => sweep_expired(client, table).await,
        Err(SdkError::ServiceError(error)) if error.err().code() == Some("ResourceInUseException") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn sweep_expired(client: &Client, table: &str) -> Result<(), StoreError> {
    let rule = TimeToLiveSpecification::builder().attribute_name(EXPIRES).enabled(true).build().map_err(unbuildable)?;
    client.update_time_to_live().table_name(table).time_to_live_specification(rule).send().await?;
    Ok(())
}

fn elements(key: &[(&str, KeyType)]) -> Result<Vec<KeySchemaElement>, StoreError> {
    let element = |(name, kind): &(&str, KeyType)| {
        KeySchemaElement::builder().attribute_name(*name).key_type(kind.clone()).build().map_err(unbuildable)
    };
    key.iter().map(element).collect()
}

fn unbuildable(error: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Corrupt(error.to_string())
}
