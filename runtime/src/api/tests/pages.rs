//! Lists that come in pages, and pages that expire.

use serde_json::{Value as Json, json};

use crate::options::ResourceVersionMatch;
use crate::testing::{Reply, Server, Widget, status};
use crate::{Api, Error, ListStream};

fn page(names: &[&str], token: &str) -> Reply {
    let items: Vec<Json> =
        names.iter().map(|name| json!({"metadata": {"name": name, "uid": name}})).collect();
    let metadata = json!({"resourceVersion": "9", "continue": token});
    Reply::new(
        200,
        &json!({"kind": "WidgetList", "apiVersion": "example.com/v1", "metadata": metadata, "items": items})
            .to_string(),
    )
}

async fn names(mut stream: ListStream<Widget>) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    while let Some(widget) = stream.next().await {
        names.push(widget?.metadata.name.unwrap());
    }
    assert!(stream.next().await.is_none(), "a stream that has ended stays ended");
    Ok(names)
}

#[tokio::test]
async fn pages_follow_the_token_alone_and_are_five_hundred_long() {
    let server = Server::start([page(&["a", "b"], "t1"), page(&[], "t2"), page(&["c"], "")]).await;
    let list = Api::<Widget>::all(&server.client())
        .list()
        .label_selector("x=y")
        .resource_version("5")
        .resource_version_match(ResourceVersionMatch::NotOlderThan);
    assert_eq!(names(list.stream()).await.unwrap(), ["a", "b", "c"]);
    let path = "GET /apis/example.com/v1/widgets?labelSelector=x%3Dy";
    assert_eq!(
        server.lines(),
        [
            format!("{path}&resourceVersion=5&resourceVersionMatch=NotOlderThan&limit=500"),
            format!("{path}&limit=500&continue=t1"),
            format!("{path}&limit=500&continue=t2"),
        ]
    );
}

#[tokio::test]
async fn a_token_that_expires_leads_to_one_full_list_without_repeating_anything() {
    let expired = || Reply::new(410, &status(410, "Expired"));
    let replies = || [page(&["a", "b"], "t1"), expired(), page(&["a", "b", "c"], "")];
    let server = Server::start(replies().into_iter().chain(replies())).await;
    let list = || Api::<Widget>::all(&server.client()).list().limit(2).resource_version("5");
    assert_eq!(names(list().stream()).await.unwrap(), ["a", "b", "c"]);
    assert_eq!(server.lines()[2], "GET /apis/example.com/v1/widgets?resourceVersion=5");
    let all = list().all().await.unwrap();
    assert_eq!(all.items.len(), 3, "the full list takes the place of the pages");
}

#[tokio::test]
async fn a_first_page_that_is_expired_is_an_error_and_the_end() {
    let server = Server::start([Reply::new(410, &status(410, "Expired"))]).await;
    let mut stream = Api::<Widget>::all(&server.client()).list().continue_token("old").stream();
    assert!(stream.next().await.unwrap().unwrap_err().is_expired());
    assert!(stream.next().await.is_none());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_server_that_leads_in_a_circle_is_not_asked_for_ever() {
    let server = Server::start((0..8).map(|at| page(&["a"], ["t", "u"][at % 2]))).await;
    let error = names(Api::<Widget>::all(&server.client()).list().stream()).await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("twice"), "{error}");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_server_that_repeats_its_token_is_not_asked_for_ever() {
    let server = Server::start((0..5).map(|_| page(&["a"], "t"))).await;
    let error = names(Api::<Widget>::all(&server.client()).list().stream()).await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("twice"), "{error}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn what_is_said_of_a_list_and_of_one_that_expired_can_be_read() {
    let metadata = json!({
        "resourceVersion": "9", "continue": "t1", "remainingItemCount": 3, "shardInfo": {"selector": "s"},
    });
    let list =
        json!({"kind": "WidgetList", "apiVersion": "example.com/v1", "metadata": metadata, "items": []});
    let mut gone: Json = serde_json::from_str(&status(410, "Expired")).unwrap();
    gone["metadata"]["continue"] = "inconsistent".into();
    let server =
        Server::start([Reply::new(200, &list.to_string()), Reply::new(410, &gone.to_string())]).await;
    let widgets = Api::<Widget>::all(&server.client());
    let metadata = widgets.list().limit(1).await.unwrap().metadata;
    assert_eq!((metadata.resource_version.as_deref(), metadata.remaining_item_count), (Some("9"), Some(3)));
    assert_eq!(metadata.shard_info.unwrap().selector, "s");
    let error = widgets.list().continue_token(metadata.continue_.unwrap()).await.unwrap_err();
    let token = error.status().and_then(|status| status.metadata.as_ref()?.continue_.as_deref());
    assert_eq!((error.is_expired(), token), (true, Some("inconsistent")), "a caller may go on from there");
}
