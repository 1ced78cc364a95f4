use greeter_api as api;
use tonic::{Request, Response, Status};

/// Messages of one streamed answer.
pub(crate) const STREAMED: usize = 1000;

/// What both servers answer with: next to nothing, so that what is measured is what is around it.
#[derive(Clone)]
pub(crate) struct Handler;

/// The answer to one call, and each message of a stream.
fn item(id: String) -> api::Item {
    api::Item {
        id,
        title: "the same for everybody".to_owned(),
        create_time: None,
    }
}

#[tonic::async_trait]
impl api::Service for Handler {
    async fn get_item(
        &self,
        request: Request<api::GetItemRequest>,
    ) -> Result<Response<api::GetItemResponse>, Status> {
        let item = Some(item(request.into_inner().id));
        Ok(Response::new(api::GetItemResponse { item }))
    }

    async fn create_item(
        &self,
        _: Request<api::CreateItemRequest>,
    ) -> Result<Response<api::CreateItemResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    async fn list_items(
        &self,
        _: Request<api::ListItemsRequest>,
    ) -> Result<Response<api::ListItemsResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    type WatchItemsStream =
        tokio_stream::Iter<std::vec::IntoIter<Result<api::WatchItemsResponse, Status>>>;

    async fn watch_items(
        &self,
        _: Request<api::WatchItemsRequest>,
    ) -> Result<Response<Self::WatchItemsStream>, Status> {
        let message = || {
            let item = Some(item("1".to_owned()));
            Ok(api::WatchItemsResponse { item })
        };
        let all: Vec<_> = std::iter::repeat_with(message).take(STREAMED).collect();
        Ok(Response::new(tokio_stream::iter(all)))
    }
}
