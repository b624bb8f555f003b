//! Subresources on a real kube-apiserver, each by its own type: status, scale, eviction, binding, token, approval, finalize,
//! ephemeralcontainers, resize, log, and the requests of exec and its like.

use clientset::apps::v1::{Deployment, DeploymentSpec, DeploymentStatus};
use clientset::authentication::v1::{TokenRequest, TokenRequestSpec};
use clientset::autoscaling::v1::ScaleSpec;
use clientset::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestCondition};
use clientset::certificates::v1::{CertificateSigningRequestSpec, KeyUsage};
use clientset::core::v1::{
    Binding, Container, EphemeralContainer, Namespace, Node, ObjectReference, Pod, PodPhase, PodSpec,
    PodTemplateSpec, ResourceRequirements, ServiceAccount,
};
use clientset::meta::v1::{LabelSelector, ObjectMeta};
use clientset::policy::v1::Eviction;
use clientset::{Map, Patch, ResultExt};
use serde_json::json;

use crate::harness::{named, sandbox, soon};

fn pod(name: &str) -> Pod {
    let resources = ResourceRequirements {
        requests: Some(Map::from([("cpu", "100m".parse().unwrap())])),
        ..Default::default()
    };
    let container = Container {
        name: "main".into(),
        image: Some("example/none".into()),
        resources: Some(Box::new(resources)),
        ..Default::default()
    };
    Pod {
        metadata: named(name),
        spec: Some(Box::new(PodSpec { containers: vec![container], ..Default::default() })),
        ..Default::default()
    }
}

fn deployment(name: &str) -> Deployment {
    let labels = Map::from([("app", name.to_owned())]);
    let template = PodTemplateSpec {
        metadata: Some(Box::new(ObjectMeta { labels: Some(labels.clone()), ..Default::default() })),
        spec: pod("").spec,
    };
    Deployment {
        metadata: named(name),
        spec: DeploymentSpec {
            replicas: Some(1),
            selector: LabelSelector { match_labels: Some(labels), ..Default::default() },
            template,
            ..Default::default()
        },
        ..Default::default()
    }
}

#[tokio::test]
async fn scale_is_read_replaced_patched_and_applied_as_a_scale() {
    let sandbox = sandbox!("scale");
    let deployments = sandbox.client.apps_v1().deployments(&sandbox.namespace);
    deployments.create(&deployment("web")).await.unwrap();
    let mut scale = deployments.get_scale("web").await.unwrap();
    assert_eq!(scale.spec.as_ref().unwrap().replicas, Some(1));
    scale.spec = Some(Box::new(ScaleSpec { replicas: Some(3) }));
    let updated = deployments.update_scale("web", &scale).await.unwrap();
    assert_eq!(updated.spec.unwrap().replicas, Some(3));
    let patch = Patch::merge(&json!({"spec": {"replicas": 4}})).unwrap();
    deployments.patch_scale("web", &patch).await.unwrap();
    assert_eq!(deployments.get("web").await.unwrap().spec.replicas, Some(4));
    let error = deployments.update_scale("web", &scale).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
}

#[tokio::test]
async fn status_is_written_through_its_subresource_only() {
    let sandbox = sandbox!("status");
    let deployments = sandbox.client.apps_v1().deployments(&sandbox.namespace);
    let mut object = deployments.create(&deployment("web")).await.unwrap();
    object.spec.replicas = Some(7);
    object.status = Some(Box::new(DeploymentStatus {
        replicas: Some(5),
        observed_generation: Some(1),
        ..Default::default()
    }));
    let after = deployments.update_status(&object).await.unwrap();
    assert_eq!((after.spec.replicas, after.status.as_ref().unwrap().replicas), (Some(1), Some(5)));
    let patch = Patch::merge(&json!({"status": {"replicas": 6}})).unwrap();
    deployments.patch_status("web", &patch).await.unwrap();
    let read = deployments.get_status("web").await.unwrap();
    assert_eq!(read.status.unwrap().replicas, Some(6));
    let mut plain = deployments.get("web").await.unwrap();
    plain.status = None;
    let after = deployments.update(&plain).await.unwrap();
    assert_eq!(after.status.unwrap().replicas, Some(6), "a plain update leaves the status alone");
}

#[tokio::test]
async fn a_pod_is_bound_changed_through_its_subresources_and_evicted() {
    let sandbox = sandbox!("pod-subresources");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let node = format!("node-{}", sandbox.namespace);
    let nodes = sandbox.client.core_v1().nodes();
    nodes.create(&Node { metadata: named(&node), ..Default::default() }).await.unwrap();
    let room = json!({"cpu": "4", "memory": "8Gi", "pods": "10"});
    let room = Patch::merge(&json!({"status": {"capacity": room, "allocatable": room}})).unwrap();
    nodes.patch_status(&node, &room).await.unwrap();
    pods.create(&pod("web-0")).await.unwrap();

    let target =
        ObjectReference { kind: Some("Node".into()), name: Some(node.clone()), ..Default::default() };
    let binding = Binding { metadata: named("web-0"), target, ..Default::default() };
    assert_eq!(pods.bind("web-0", &binding).await.unwrap(), binding);
    let bound = pods.get("web-0").await.unwrap();
    assert_eq!(bound.spec.as_ref().unwrap().node_name.as_deref(), Some(node.as_str()));

    let mut running = bound;
    running.status.get_or_insert_default().phase = Some(PodPhase::Running);
    let running = pods.update_status(&running).await.unwrap();
    assert_eq!(running.status.unwrap().phase, Some(PodPhase::Running));

    let mut debugged = pods.get_ephemeral_containers("web-0").await.unwrap();
    let debugger = EphemeralContainer {
        name: "debugger".into(),
        image: Some("example/none".into()),
        ..Default::default()
    };
    debugged.spec.as_mut().unwrap().ephemeral_containers = Some(vec![debugger]);
    let debugged = pods.update_ephemeral_containers(&debugged).await.unwrap();
    assert_eq!(debugged.spec.unwrap().ephemeral_containers.unwrap()[0].name, "debugger");

    let resize = Patch::strategic(&json!({"spec": {"containers": [
        {"name": "main", "resources": {"requests": {"cpu": "200m"}}},
    ]}}));
    let resize = resize.unwrap();
    // Who admits it looks at the node, which it knows a moment later.
    let resized = soon(async || pods.patch_resize("web-0", &resize).await.ok()).await;
    let requests = resized.spec.unwrap().containers[0].resources.clone().unwrap().requests.unwrap();
    assert_eq!(requests["cpu"], "200m".parse().unwrap());

    let eviction = Eviction { metadata: named("web-0"), ..Default::default() };
    pods.evict("web-0", &eviction).await.unwrap();
    let left = pods.get("web-0").await.optional().unwrap();
    assert!(left.is_none_or(|pod| pod.metadata.deletion_timestamp.is_some()), "evicted means ending");
    let error = pods.evict("web-1", &eviction).await.unwrap_err();
    assert!(error.is_bad_request() || error.is_not_found(), "{error}");
    pods.delete("web-0").grace_period_seconds(0).await.optional().unwrap();
    nodes.delete(node).await.unwrap();
}

#[tokio::test]
async fn a_service_account_gets_a_token_that_says_who_it_is() {
    let sandbox = sandbox!("token");
    let accounts = sandbox.client.core_v1().service_accounts(&sandbox.namespace);
    accounts.create(&ServiceAccount { metadata: named("robot"), ..Default::default() }).await.unwrap();
    let request = TokenRequest {
        spec: Some(Box::new(TokenRequestSpec { expiration_seconds: Some(600), ..Default::default() })),
        ..Default::default()
    };
    let answer = accounts.create_token("robot", &request).await.unwrap();
    let status = answer.status.unwrap();
    let token = status.token.unwrap();
    assert!(token.split('.').count() == 3, "a token of three parts");
    assert!(!status.expiration_timestamp.unwrap().is_zero());

    let config = crate::harness::config("admin").unwrap().without_credentials().bearer_token(token);
    let robot = clientset::Clientset::new(config).unwrap();
    let me = robot.authentication_v1().self_subject_reviews().create(&Default::default()).await.unwrap();
    let user = me.status.unwrap().user_info.unwrap().username.unwrap();
    assert_eq!(user, format!("system:serviceaccount:{}:robot", sandbox.namespace));
}

/// A request for a client certificate of `CN=web`, made once; servers do not look at its age.
const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIHJMHACAQAwDjEMMAoGA1UEAwwDd2ViMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAESQgZPJlJFdy+I3JUwcFuPcQ1kd+0OaziyiWmVFUI1eIuhgesD7Nn+RVU3qu7
pb2aJTx5lyMCIp749VfoBSoBCqAAMAoGCCqGSM49BAMCA0kAMEYCIQCoI096uMaY
mXkoEoOyc3IOPI0LOZfd2oom0MDgVBpWMQIhAO3sdHeqL1Y+2d5knhY/hqj4c4lE
uP6O9agWL6R6C70i
-----END CERTIFICATE REQUEST-----
";

#[tokio::test]
async fn a_certificate_request_is_approved_through_its_subresource() {
    let sandbox = sandbox!("approval");
    let requests = sandbox.client.certificates_v1().certificate_signing_requests();
    let name = sandbox.namespace.clone();
    let spec = CertificateSigningRequestSpec {
        request: REQUEST.as_bytes().into(),
        signer_name: "kubernetes.io/kube-apiserver-client".into(),
        usages: Some(vec![KeyUsage::ClientAuth]),
        ..Default::default()
    };
    let object = CertificateSigningRequest { metadata: named(&name), spec, ..Default::default() };
    let mut object = requests.create(&object).await.unwrap();
    let approved = CertificateSigningRequestCondition {
        type_: "Approved".into(),
        status: "True".into(),
        reason: Some("Tested".into()),
        ..Default::default()
    };
    object.status.get_or_insert_default().conditions = Some(vec![approved]);
    let after = requests.update_approval(&object).await.unwrap();
    assert_eq!(after.status.unwrap().conditions.unwrap()[0].reason.as_deref(), Some("Tested"));
    let read = requests.get_approval(&name).await.unwrap();
    assert!(read.status.unwrap().conditions.unwrap()[0].last_update_time.is_some());
    requests.delete(name).await.unwrap();
}

#[tokio::test]
async fn a_namespace_goes_when_it_is_finalized() {
    let sandbox = sandbox!("finalize");
    let namespaces = sandbox.client.core_v1().namespaces();
    let name = format!("{}-gone", sandbox.namespace);
    namespaces.create(&Namespace { metadata: named(&name), ..Default::default() }).await.unwrap();
    namespaces.delete(&name).await.unwrap();
    // Somebody else may be faster, or write in between: with controllers, the namespace controller describes and finalizes it.
    soon(async || {
        let Some(mut ending) = namespaces.get(&name).await.optional().unwrap() else { return Some(()) };
        assert!(ending.metadata.deletion_timestamp.is_some());
        ending.spec.get_or_insert_default().finalizers = None;
        match namespaces.finalize(&ending).await.optional() {
            Err(error) if !error.is_conflict() => panic!("{error}"),
            _ => {}
        }
        match namespaces.delete(&name).await.optional() {
            Err(error) if !error.is_conflict() => panic!("{error}"),
            _ => None,
        }
    })
    .await;
}

#[tokio::test]
async fn a_log_that_cannot_be_had_is_an_error_that_says_whose() {
    let sandbox = sandbox!("log");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let node = format!("node-{}", sandbox.namespace);
    let nodes = sandbox.client.core_v1().nodes();
    nodes.create(&Node { metadata: named(&node), ..Default::default() }).await.unwrap();
    pods.create(&pod("web-0")).await.unwrap();
    assert_eq!(pods.logs("web-0").await.unwrap(), "", "a pod without a node has said nothing yet");
    let target =
        ObjectReference { kind: Some("Node".into()), name: Some(node.clone()), ..Default::default() };
    pods.bind("web-0", &Binding { metadata: named("web-0"), target, ..Default::default() }).await.unwrap();
    // The node has no kubelet, and not even an address.
    let error = pods.logs("web-0").tail_lines(5).await.unwrap_err();
    assert!(error.http_status().is_some_and(|code| code >= 400), "{error}");
    let text = error.to_string();
    assert!(text.contains("/pods/web-0/log"), "{text}");
    let error = pods.logs("web-9").follow().lines().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    pods.delete("web-0").grace_period_seconds(0).await.unwrap();
    nodes.delete(node).await.unwrap();
}

#[tokio::test]
async fn exec_and_its_like_know_their_request() {
    let sandbox = sandbox!("exec");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let server = sandbox.client.client().server().to_owned();
    let below = format!("{server}/api/v1/namespaces/{}/pods/web-0", sandbox.namespace);
    assert_eq!(pods.proxy("web-0").path("a/b").url().unwrap(), format!("{below}/proxy/a/b"));
    // The server is asked, and says that the pod is not there.
    let error = pods.exec("web-0", ["true"]).container("main").output().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = pods.attach("web-0").start().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = pods.port_forward("web-0", 80).connect().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}
