//! Checks a menu before it becomes a revision: texts, prices, unique names, groups that can be satisfied. Pointers are into the menu's body.

use std::collections::BTreeSet;

use crate::form::{self, Form};
use crate::id::Slug;
use crate::issue::{Issue, Issues, Problem};
use crate::limits;
use crate::menu::{Choice, Item, Menu, OptionGroup};
use crate::money::Currency;

/// Everything that is wrong with a menu; nothing if it can be put.
pub(crate) fn check(menu: &Menu, currency: Currency) -> Vec<Issue> {
    let mut issues = Issues::default();
    if menu.currency != currency {
        issues.form("/currency", Some(Form::CurrencyMismatch { currency }));
    }
    issues.at_most("/categories", menu.categories.len(), limits::CATEGORIES_MAX);
    let items: usize = menu.categories.iter().map(|category| category.items.len()).sum();
    issues.at_most("/categories", items, limits::ITEMS_MAX);
    let (mut categories, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (c, category) in menu.categories.iter().take(limits::CATEGORIES_MAX).enumerate() {
        let base = format!("/categories/{c}");
        issues.unique(&format!("{base}/id"), &category.id, &mut categories);
        issues.form(format!("{base}/name"), form::of_text(&category.name, true, limits::NAME_BYTES_MAX));
        for (i, item) in category.items.iter().take(limits::ITEMS_MAX).enumerate() {
            let base = format!("{base}/items/{i}");
            issues.unique(&format!("{base}/id"), &item.id, &mut names);
            check_item(item, &base, &mut issues);
        }
    }
    issues.0
}

fn check_item(item: &Item, base: &str, issues: &mut Issues) {
    issues.form(format!("{base}/name"), form::of_text(&item.name, true, limits::NAME_BYTES_MAX));
    let description = form::of_text(&item.description, false, limits::DESCRIPTION_BYTES_MAX);
    issues.form(format!("{base}/description"), description);
    issues.at_most(&format!("{base}/option_groups"), item.groups.len(), limits::GROUPS_MAX);
    let options: usize = item.groups.iter().map(|group| group.options.len()).sum();
    issues.at_most(&format!("{base}/option_groups"), options, limits::OPTIONS_MAX);
    // However the options are combined, a portion never costs less than nothing.
    let deltas = item.groups.iter().flat_map(|group| &group.options);
    let least =
        deltas.map(|choice| i128::from(choice.price_delta.min(0)) * i128::from(choice.max_quantity)).sum::<i128>();
    let least = i64::try_from(-least).unwrap_or(limits::PRICE_MAX + 1);
    issues.form(format!("{base}/price"), form::of_number(item.price, least, limits::PRICE_MAX));
    let (mut groups, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (g, group) in item.groups.iter().take(limits::GROUPS_MAX).enumerate() {
        let base = format!("{base}/option_groups/{g}");
        issues.unique(&format!("{base}/id"), &group.id, &mut groups);
        check_group(group, &base, issues);
        for (o, choice) in group.options.iter().take(limits::OPTIONS_MAX).enumerate() {
            let base = format!("{base}/options/{o}");
            issues.unique(&format!("{base}/id"), &choice.id, &mut names);
            check_choice(choice, &base, issues);
        }
    }
}

fn check_group(group: &OptionGroup, base: &str, issues: &mut Issues) {
    issues.form(format!("{base}/name"), form::of_text(&group.name, true, limits::NAME_BYTES_MAX));
    let possible: u32 = group.options.iter().map(|choice| u32::from(choice.max_quantity)).sum();
    if group.min > group.max || u32::from(group.min) > possible {
        issues.form(format!("{base}/min"), Some(Form::GroupImpossible { max: possible.min(u32::from(group.max)) }));
    }
}

fn check_choice(choice: &Choice, base: &str, issues: &mut Issues) {
    issues.form(format!("{base}/name"), form::of_text(&choice.name, true, limits::NAME_BYTES_MAX));
    let price = form::of_number(choice.price_delta, -limits::PRICE_MAX, limits::PRICE_MAX);
    issues.form(format!("{base}/price"), price);
    let quantity = form::of_number(i64::from(choice.max_quantity), 1, i64::from(limits::OPTION_QUANTITY_MAX));
    issues.form(format!("{base}/max_quantity"), quantity);
}

impl Issues {
    /// Adds what is wrong with one value, if anything is.
    pub(crate) fn form(&mut self, pointer: impl Into<String>, form: Option<Form>) {
        if let Some(form) = form {
            self.add(pointer, Problem::Form(form));
        }
    }

    /// Adds an issue if a list is too long.
    pub(crate) fn at_most(&mut self, pointer: &str, length: usize, max: usize) {
        self.form(pointer, (length > max).then_some(Form::TooMany { max: max as u32 }));
    }

    fn unique<'a>(&mut self, pointer: &str, name: &'a Slug, names: &mut BTreeSet<&'a Slug>) {
        let duplicate = !names.insert(name);
        self.form(pointer, duplicate.then(|| Form::Duplicate { name: name.to_string() }));
    }
}
