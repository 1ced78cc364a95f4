//! The adapter: the contract's types on one side, the domain's on the other. No decisions are made
//! here.

use std::pin::Pin;

use carveout::Reason;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Code, Request, Response, Status};

use crate::domain::{Error, Item, Items};

use greeter_api as api;

type Answer<T> = Result<Response<T>, Status>;

// The registry of this service's reasons. Once released, a reason keeps its meaning.
const ITEM_NOT_FOUND: Reason = Reason::new("ITEM_NOT_FOUND");
const REQUEST_ID_REUSED: Reason = Reason::new("REQUEST_ID_REUSED");
const STORE_UNAVAILABLE: Reason = Reason::new("STORE_UNAVAILABLE");
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
    ) -> Answer<api::GetItemResponse> {
        let item = Some(self.items.get(&request.get_ref().id).await?.into());
        Ok(Response::new(api::GetItemResponse { item }))
    }

    async fn create_item(
        &self,
        request: Request<api::CreateItemRequest>,
    ) -> Answer<api::CreateItemResponse> {
        let request = request.into_inner();
        let created = self.items.create(&request.request_id, &request.title);
        let item = Some(created.await?.into());
        Ok(Response::new(api::CreateItemResponse { item }))
    }

    async fn list_items(
        &self,
        request: Request<api::ListItemsRequest>,
    ) -> Answer<api::ListItemsResponse> {
        let request = request.into_inner();
        let page = self.items.list(request.page_size, &request.page_token);
        let (items, next_page_token) = page.await?;
        let items = items.into_iter().map(Into::into).collect();
        let page = api::ListItemsResponse {
            items,
            next_page_token,
        };
        Ok(Response::new(page))
    }

    type WatchItemsStream =
        Pin<Box<dyn Stream<Item = Result<api::WatchItemsResponse, Status>> + Send>>;

    async fn watch_items(
        &self,
        _: Request<api::WatchItemsRequest>,
    ) -> Answer<Self::WatchItemsStream> {
        let (there, created) = self.items.watch().await?;
        let seen = there.last().map_or(0, |item| item.id);
        let new = BroadcastStream::new(created)
            // What was created between the two is in both.
            .filter(move |item| !matches!(item, Ok(item) if item.id <= seen))
            .map(|item| item.map_err(|_| too_slow()));
        let all = tokio_stream::iter(there.into_iter().map(Ok)).chain(new);
        let answer = |item: Result<Item, Status>| {
            let item = Some(item?.into());
            Ok(api::WatchItemsResponse { item })
        };
        // A restart ends a watch with UNAVAILABLE and a hint to reconnect, and does not cut it.
        let answers = carveout::end_on_drain(all.map(answer));
        Ok(Response::new(Box::pin(answers)))
    }
}

fn too_slow() -> Status {
    let message = "items were created faster than they were read; watch again";
    carveout::Error::new(Code::Aborted, WATCHER_TOO_SLOW, message).into()
}

/// The one place where the domain's errors become the wire's.
impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(id) => {
                let message = format!("there is no item {id:?}");
                carveout::Error::not_found(ITEM_NOT_FOUND, message).with("id", id)
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
            Error::Unavailable(error) => {
                carveout::Error::new(Code::Unavailable, STORE_UNAVAILABLE, error.to_string())
                    .caused_by(error)
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
