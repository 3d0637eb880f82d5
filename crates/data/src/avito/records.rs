//! What is kept of the rows of the log, and its form in the files between two passes: fields one after another, integers
//! little-endian.

/// The code of a missing id.
const NONE: u32 = u32::MAX;

/// A search: a row of `SearchInfo`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Search {
    pub(super) search: u32,
    pub(super) user: u32,
    /// Seconds since 1970.
    pub(super) time: u32,
    pub(super) location: Option<u32>,
    pub(super) category: Option<u32>,
    pub(super) logged_on: bool,
}

/// An ad as it was shown: a row of `trainSearchStream`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Showing {
    pub(super) search: u32,
    pub(super) ad: u32,
    pub(super) position: u32,
    /// 1 regular, 2 highlighted, 3 contextual.
    pub(super) object_type: u8,
    pub(super) hist_ctr: Option<f64>,
    /// None if it was not recorded.
    pub(super) click: Option<bool>,
}

/// Who searches: a row of `UserInfo`. Agent, its system, device, family of agents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Agent {
    pub(super) user: u32,
    pub(super) ids: [Option<u32>; 4],
}

/// A search with what it showed, in order of position.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page {
    pub(super) search: Search,
    pub(super) shown: Vec<Showing>,
}

/// A record with a binary form.
pub(super) trait Record: Sized {
    fn put(&self, bytes: &mut Vec<u8>);

    /// Takes a record from the front; none at the end, and if the bytes are not those that were put.
    fn get(bytes: &mut &[u8]) -> Option<Self>;

    /// All records.
    fn all(mut bytes: &[u8]) -> Vec<Self> {
        std::iter::from_fn(|| Self::get(&mut bytes)).collect()
    }
}

fn put_id(bytes: &mut Vec<u8>, id: Option<u32>) {
    bytes.extend(id.unwrap_or(NONE).to_le_bytes());
}

fn get<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

fn get_u32(bytes: &mut &[u8]) -> Option<u32> {
    get(bytes).map(u32::from_le_bytes)
}

fn get_u8(bytes: &mut &[u8]) -> Option<u8> {
    get(bytes).map(u8::from_le_bytes)
}

fn get_id(bytes: &mut &[u8]) -> Option<Option<u32>> {
    get_u32(bytes).map(|id| Some(id).filter(|id| *id != NONE))
}

impl Record for Search {
    fn put(&self, bytes: &mut Vec<u8>) {
        for number in [self.search, self.user, self.time] {
            bytes.extend(number.to_le_bytes());
        }
        put_id(bytes, self.location);
        put_id(bytes, self.category);
        bytes.push(u8::from(self.logged_on));
    }

    fn get(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            search: get_u32(bytes)?,
            user: get_u32(bytes)?,
            time: get_u32(bytes)?,
            location: get_id(bytes)?,
            category: get_id(bytes)?,
            logged_on: get_u8(bytes)? == 1,
        })
    }
}

impl Record for Showing {
    fn put(&self, bytes: &mut Vec<u8>) {
        for number in [self.search, self.ad, self.position] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.push(self.object_type);
        bytes.push(self.click.map_or(2, u8::from));
        bytes.extend(self.hist_ctr.unwrap_or(f64::NAN).to_le_bytes());
    }

    fn get(bytes: &mut &[u8]) -> Option<Self> {
        let [search, ad, position] = [get_u32(bytes)?, get_u32(bytes)?, get_u32(bytes)?];
        let (object_type, click) = (get_u8(bytes)?, get_u8(bytes)?);
        let hist_ctr = Some(f64::from_le_bytes(get(bytes)?)).filter(|rate| !rate.is_nan());
        let click = (click < 2).then_some(click == 1);
        Some(Self { search, ad, position, object_type, hist_ctr, click })
    }
}

impl Record for Agent {
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.user.to_le_bytes());
        self.ids.iter().for_each(|&id| put_id(bytes, id));
    }

    fn get(bytes: &mut &[u8]) -> Option<Self> {
        let user = get_u32(bytes)?;
        Some(Self { user, ids: [get_id(bytes)?, get_id(bytes)?, get_id(bytes)?, get_id(bytes)?] })
    }
}

impl Record for Page {
    fn put(&self, bytes: &mut Vec<u8>) {
        self.search.put(bytes);
        bytes.extend((self.shown.len() as u32).to_le_bytes());
        self.shown.iter().for_each(|showing| showing.put(bytes));
    }

    fn get(bytes: &mut &[u8]) -> Option<Self> {
        let search = Search::get(bytes)?;
        let count = get_u32(bytes)?;
        Some(Self { search, shown: (0..count).map(|_| Showing::get(bytes)).collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were_put() {
        let search = Search { search: 1, user: 2, time: 3, location: None, category: Some(0), logged_on: true };
        let known = Showing { search: 1, ad: 9, position: 7, object_type: 3, hist_ctr: Some(0.1), click: Some(false) };
        let unknown = Showing { hist_ctr: None, click: None, object_type: 1, ..known };
        let page = Page { search, shown: vec![known, unknown, Showing { click: Some(true), ..known }] };
        let agent = Agent { user: 5, ids: [Some(1), None, Some(3), Some(4)] };
        let mut bytes = Vec::new();
        (0..2).for_each(|_| page.put(&mut bytes));
        assert_eq!(Page::all(&bytes), [page.clone(), page]);
        bytes.clear();
        agent.put(&mut bytes);
        assert_eq!(Agent::all(&bytes), [agent]);
        assert_eq!(Agent::all(&bytes[1..]), []);
    }
}
