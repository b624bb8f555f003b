//! Asks the server whether I may do something: `kubectl auth can-i`.
//!
//!     cargo run --example can_i --features authorization-v1 -- delete pods kube-system

use clientset::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use clientset::{Clientset, Config};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let wanted = ResourceAttributes {
        verb: Some(arguments.next().unwrap_or_else(|| "list".to_owned())),
        resource: Some(arguments.next().unwrap_or_else(|| "pods".to_owned())),
        namespace: Some(arguments.next().unwrap_or_else(|| "default".to_owned())),
        ..Default::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(Box::new(wanted)),
            ..Default::default()
        },
        ..Default::default()
    };
    let client = Clientset::new(Config::infer().await?)?;
    let answer = client.authorization_v1().self_subject_access_reviews().create(&review).await?;
    let status = answer.status.unwrap_or_default();
    println!("{}", if status.allowed { "yes" } else { "no" });
    if let Some(reason) = status.reason {
        println!("because {reason}");
    }
    Ok(())
}
