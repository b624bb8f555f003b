//! `fill_defaults` on generated types: what the documents and CRDs tell of defaults, at every depth. What a server's code fills in
//! besides is not told anywhere, and so is not here.

use clientset::FillDefaults as _;
use clientset::core::v1::{Container, ContainerPort, PodSpec, PodTemplateSpec, Protocol};
use clientset::example::v1::Widget;

#[test]
fn defaults_are_filled_in_below_lists_and_what_is_there_stays() {
    let port = |protocol| ContainerPort { container_port: 80, protocol, ..Default::default() };
    let ports = vec![port(None), port(Some(Protocol::UDP))];
    let container = Container { ports: Some(ports), ..Default::default() };
    let spec = PodSpec { containers: vec![container], ..Default::default() };
    let mut template = PodTemplateSpec { spec: Some(Box::new(spec)), ..Default::default() };
    template.fill_defaults();
    let ports = template.spec.unwrap().containers.remove(0).ports.unwrap();
    let protocols: Vec<_> = ports.into_iter().map(|port| port.protocol).collect();
    assert_eq!(protocols, [Some(Protocol::TCP), Some(Protocol::UDP)]);
}

#[test]
fn a_custom_resource_gets_the_defaults_of_its_schema() {
    let mut widget = Widget::default();
    widget.fill_defaults();
    assert_eq!(widget.spec.replicas, Some(1));
}
