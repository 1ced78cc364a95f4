//! The adapter: the contract's types on one side, the domain's on the other. No decisions are made
//! here.

use std::pin::Pin;

use carveout::Reason;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Code, Request, Response, Status};

use crate::domain::{Error, Item, Items};

use greeter_api as api;

// The registry of this service's reasons. Once released, a reason keeps its meaning.
const ITEM_NOT_FOUND: Reason = Reason::new("ITEM_NOT_FOUND");
const REQUEST_ID_REUSED: Reason = Reason::new("REQUEST_ID_REUSED");
const TOO_MANY_ITEMS: Reason = Reason::new("TOO_MANY_ITEMS");
const WATCHER_TOO_SLOW: Reason = Reason::new("WATCHER_TOO_SLOW");

pub(crate) struct Rpc {
    items: Items,
}

impl Rpc {
    pub(crate) fn new(items: Items) -> Self {
        Self { items }
    }
}

#[tonic::async_trait]
impl api::Service for Rpc {
    async fn get_item(
        &self,
        request: Request<api::GetItemRequest>,
    ) -> Result<Response<api::GetItemResponse>, Status> {
        let item = self.items.get(&request.get_ref().id)?;
        Ok(Response::new(api::GetItemResponse {
            item: Some(item.into()),
        }))
    }

    async fn create_item(
        &self,
        request: Request<api::CreateItemRequest>,
    ) -> Result<Response<api::CreateItemResponse>, Status> {
        let request = request.into_inner();
        let item = self.items.create(&request.request_id, &request.title)?;
        Ok(Response::new(api::CreateItemResponse {
            item: Some(item.into()),
        }))
    }

    async fn list_items(
        &self,
        request: Request<api::ListItemsRequest>,
    ) -> Result<Response<api::ListItemsResponse>, Status> {
        let request = request.into_inner();
        let (items, next_page_token) = self.items.list(request.page_size, &request.page_token)?;
        Ok(Response::new(api::ListItemsResponse {
            items: items.into_iter().map(Into::into).collect(),
            next_page_token,
        }))
    }

    type WatchItemsStream =
        Pin<Box<dyn Stream<Item = Result<api::WatchItemsResponse, Status>> + Send>>;

    async fn watch_items(
        &self,
        _: Request<api::WatchItemsRequest>,
    ) -> Result<Response<Self::WatchItemsStream>, Status> {
        let (there, created) = self.items.watch();
        let seen = there.last().map_or(0, |item| item.id);
        // What was created between the two is in both.
        let new = BroadcastStream::new(created)
            .filter(move |item| !matches!(item, Ok(item) if item.id <= seen));
        let new = new.map(|item| item.map_err(|_| too_slow()));
        let all = tokio_stream::iter(there.into_iter().map(Ok)).chain(new);
        Ok(Response::new(Box::pin(all.map(|item| {
            Ok(api::WatchItemsResponse {
                item: Some(item?.into()),
            })
        }))))
    }
}

fn too_slow() -> Status {
    carveout::Error::new(
        Code::Aborted,
        WATCHER_TOO_SLOW,
        "items were created faster than they were read; watch again",
    )
    .into()
}

/// The one place where the domain's errors become the wire's.
impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(id) => {
                carveout::Error::not_found(ITEM_NOT_FOUND, format!("there is no item {id:?}"))
                    .with("id", id)
            }
            Error::Invalid(field, problem) => carveout::Error::invalid_field(field, problem),
            Error::RequestIdReused(id) => {
                let message = format!("request_id {id:?} was used before, for another item");
                carveout::Error::new(Code::AlreadyExists, REQUEST_ID_REUSED, message)
            }
            Error::Full(limit) => {
                let message = format!("{limit} items are kept already");
                carveout::Error::new(Code::ResourceExhausted, TOO_MANY_ITEMS, message)
            }
        }
        .into()
    }
}

impl From<Item> for api::Item {
    fn from(item: Item) -> Self {
        Self {
            id: item.id.to_string(),
            title: item.title,
            create_time: Some(item.created.into()),
        }
    }
}
