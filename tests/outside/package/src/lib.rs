//! A program of somebody with strict lints and a package of custom resources. `crds` is what comes of
//! `tests/fixtures/package/simple` and `groups`; a test of codegen keeps it so.
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic, clippy::nursery)]

mod deep {
    pub mod crds;
}

#[cfg(test)]
mod tests {
    use clientset::{Clientset, Config, CustomResource};

    use super::deep::crds::example::v1::{Gadget, Shelf};
    use super::deep::crds::{ClientsetExt, CRDS};

    #[test]
    fn kinds_know_what_their_definitions_say() {
        assert_eq!(Gadget::crd().name(), "gadgets.example.com");
        assert_eq!((Gadget::SHORT_NAMES, Gadget::CATEGORIES), (&["gd"][..], &["all"][..]));
        assert_eq!((Shelf::SINGULAR, Shelf::LIST_KIND, Shelf::STORAGE_VERSION), ("shelf", "ShelfList", "v1"));
        assert!(CRDS.contains(&Gadget::crd()) && CRDS.contains(&Shelf::crd()));
        for crd in CRDS {
            let object = crd.to_dynamic().unwrap();
            assert_eq!(object.text("/metadata/name"), Some(crd.name().as_str()));
            assert_eq!(object.text("/metadata/resourceVersion"), None, "servers write that");
        }
    }

    #[test]
    fn a_clientset_leads_to_the_clients_of_every_group_version() {
        let client = Clientset::new(Config::new("http://127.0.0.1:1")).unwrap();
        let _ = client.example_v1().gadgets("default").get_scale("a");
        let _ = client.example_v1().gadgets("default").get_status("a");
        let _ = client.example_v1().shelves().get("a");
        let _ = client.runtime_v1().client2("default").list();
        let _ = client.type_v1_beta().all_cons().list();
    }
}
