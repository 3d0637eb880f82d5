//! Names of inputs that any program takes: letters, digits and underscores.

/// Each name with every other character replaced, and a number behind one that would stand twice.
pub(crate) fn safe<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut safe: Vec<String> = Vec::new();
    for (index, name) in names.enumerate() {
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        safe.push(if safe.contains(&name) { format!("{name}_{index}") } else { name });
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_distinct() {
        let found = safe(["user.é b", "user.a-b", "user.a_b", "item.id"].into_iter());
        assert_eq!(found, ["user___b", "user_a_b", "user_a_b_2", "item_id"]);
    }
}
