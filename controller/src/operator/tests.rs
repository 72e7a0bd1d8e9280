//! Golden files of what is built and said, and the rules of rollout and scaling. `UPDATE_EXPECT=1 cargo test -p controller` rewrites
//! the files; read the difference before keeping it.
mod moves;
mod objects;
mod scene;

use super::resource::JustHungry;
use expect_test::expect_file;
use kube::CustomResourceExt;

/// Text of YAML with a line that says where it comes from.
fn yaml(values: &[serde_json::Value]) -> String {
    values.iter().map(|value| format!("---\n{}", serde_yaml::to_string(value).unwrap())).collect()
}

#[test]
fn the_definition_of_the_resource_in_deploy_is_the_one_of_the_code() {
    let crd = serde_json::to_value(JustHungry::crd()).unwrap();
    let text = format!(
        "# Made from controller/src/operator/resource.rs: UPDATE_EXPECT=1 cargo test -p controller\n{}",
        serde_yaml::to_string(&crd).unwrap()
    );
    expect_file!["../../../deploy/operator/crd.yaml"].assert_eq(&text);
}

#[test]
fn the_sample_in_deploy_is_a_resource_that_builds() {
    let text = include_str!("../../../deploy/sample.yaml");
    let mut resource: JustHungry = serde_yaml::from_str(text).unwrap();
    resource.metadata.uid = Some("u".into());
    assert!(super::installation::Installation::new(&resource).is_ok());
}
