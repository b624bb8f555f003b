//! Resizing: the resources of containers may change while the pod runs, within its quality of service.

use serde_json::Value;

use super::super::causes::{At, Causes};
use super::super::look::{list, text};
use super::quality;

/// Takes nothing from the new pod but resources and how they are resized.
pub(super) fn prepare(new: &mut Value, old: &Value) {
    let mut spec = old["spec"].clone();
    for field in ["containers", "initContainers"] {
        let (sent, was) = (list(&new["spec"], field).to_vec(), list(&old["spec"], field));
        let same = sent.len() == was.len()
            && sent.iter().zip(was).all(|(one, other)| text(one, "name") == text(other, "name"));
        if !same {
            if !sent.is_empty() || !was.is_empty() {
                spec[field] = sent.into();
            }
            continue;
        }
        let containers = spec.get_mut(field).and_then(Value::as_array_mut);
        for (container, sent) in containers.into_iter().flatten().zip(&sent) {
            for member in ["resources", "resizePolicy"] {
                match sent.get(member) {
                    Some(value) => container[member] = value.clone(),
                    None => {
                        if let Some(all) = container.as_object_mut() {
                            all.remove(member);
                        }
                    }
                }
            }
        }
    }
    if let Some(resources) = new["spec"].get("resources") {
        spec["resources"] = resources.clone();
    }
    new["spec"] = spec;
    new["status"] = old["status"].clone();
}

pub(super) fn check(pod: &Value, old: &Value, causes: &mut Causes) {
    let at = At::new("spec");
    let forbidden = |causes: &mut Causes, say: &str| causes.forbidden(&At::default(), say);
    if text(&old["spec"]["os"], "name") == "windows" {
        return forbidden(causes, "windows pods cannot be resized");
    }
    let class = quality::class(pod);
    if text(&old["status"], "qosClass") != class {
        let shown = text(&old["status"], "qosClass");
        causes.invalid(&at, shown, "Pod QOS Class may not change as a result of resizing");
    }
    let mut ordered = true;
    for field in ["containers", "initContainers"] {
        let (new, was) = (list(&pod["spec"], field), list(&old["spec"], field));
        if new.len() != was.len() {
            ordered = false;
            causes.forbidden(&at.field(field), &format!("{field} may not be added or removed on resize"));
            continue;
        }
        for (index, _) in
            new.iter().zip(was).enumerate().filter(|(_, (new, was))| text(new, "name") != text(was, "name"))
        {
            ordered = false;
            let say = format!("{field} may not be renamed or reordered on resize");
            causes.forbidden(&at.field(field).index(index).field("name"), &say);
        }
    }
    if !ordered {
        return;
    }
    for field in ["initContainers", "containers"] {
        let both = list(&pod["spec"], field).iter().zip(list(&old["spec"], field)).enumerate();
        for (index, (new, was)) in both {
            let here = at.field(field).index(index);
            for (which, say) in [
                ("requests", "resource requests cannot be removed"),
                ("limits", "resource limits cannot be removed"),
            ] {
                let gone = super::super::look::map(&was["resources"], which)
                    .any(|(name, _)| new["resources"][which][name.as_str()].is_null());
                if gone {
                    causes.forbidden(&here.field("resources").field(which), say);
                }
            }
            let mut rest = new.clone();
            for which in ["requests", "limits"] {
                for name in ["cpu", "memory"] {
                    let old = was["resources"][which][name].clone();
                    match rest["resources"].get_mut(which).and_then(Value::as_object_mut) {
                        Some(all) if old.is_null() => {
                            all.remove(name);
                        }
                        Some(all) => {
                            all.insert(name.to_owned(), old);
                        }
                        None if !old.is_null() => rest["resources"][which][name] = old,
                        None => {}
                    }
                }
                if rest["resources"][which].as_object().is_some_and(serde_json::Map::is_empty)
                    && let Some(all) = rest["resources"].as_object_mut()
                {
                    all.remove(which);
                }
            }
            if let Some(all) = rest.as_object_mut() {
                match was.get("resizePolicy") {
                    Some(it) => all.insert("resizePolicy".to_owned(), it.clone()),
                    None => all.remove("resizePolicy"),
                };
            }
            if rest != *was {
                if field == "containers" {
                    causes.forbidden(&at, "only cpu and memory resources are mutable");
                } else {
                    let say = "only cpu and memory resources for init or sidecar containers are mutable";
                    causes.forbidden(&here, say);
                }
            }
        }
    }
}
