//! What every page has around it: the operator, the navigation, the banner, the assets. Each template extends
//! `frame.html` and has a field `frame`, which [`Call::frame`] makes.

use super::NAVIGATION;
use super::assets;
use super::when::When;
use crate::admin::call::Call;
use crate::clock::Timestamp;

/// One link of the navigation.
#[derive(Debug)]
pub(in crate::admin) struct Link {
    pub(in crate::admin) address: &'static str,
    pub(in crate::admin) words: &'static str,
    /// Whether it leads to this very page.
    pub(in crate::admin) here: bool,
}

/// What `frame.html` shows.
#[derive(Debug)]
pub(in crate::admin) struct Frame {
    pub(in crate::admin) title: String,
    /// The node's own DNS-ID.
    pub(in crate::admin) node: String,
    /// The operator's name and role; nothing for whoever has not signed in.
    pub(in crate::admin) who: Option<(String, String)>,
    /// The token that every form carries in the field `csrf`; nothing where none is asked for.
    pub(in crate::admin) csrf: Option<String>,
    pub(in crate::admin) navigation: Vec<Link>,
    /// What stands in the banner, above all else: that this is a drill, for instance.
    pub(in crate::admin) banner: Option<String>,
    pub(in crate::admin) style: &'static str,
    pub(in crate::admin) script: &'static str,
    pub(in crate::admin) now: Timestamp,
}

impl Frame {
    /// For whoever has not signed in: no navigation, no name.
    pub(in crate::admin) fn bare(title: impl Into<String>, node: impl Into<String>, now: Timestamp) -> Self {
        Self {
            title: title.into(),
            node: node.into(),
            who: None,
            csrf: None,
            navigation: Vec::new(),
            banner: None,
            style: assets::STYLE.address(),
            script: assets::SCRIPT.address(),
            now,
        }
    }

    /// The same with a banner.
    #[must_use]
    pub(in crate::admin) fn with_banner(mut self, banner: impl Into<String>) -> Self {
        self.banner = Some(banner.into());
        self
    }

    /// The instant as the pages write it: in UTC, with how long ago or in how long beside.
    pub(in crate::admin) fn when(&self, at: &Timestamp) -> When {
        When::new(*at, self.now)
    }
}

impl Call<'_> {
    /// The frame of a page with that title. `here` is the address of its row in the navigation, if it is below one.
    pub(in crate::admin) fn frame(&self, title: impl Into<String>, here: &str) -> Frame {
        let rows = NAVIGATION.iter().filter(|row| (row.shown)(self));
        let navigation = rows.map(|row| Link { address: row.address, words: row.words, here: row.address == here });
        let parts = self.parts;
        Frame {
            who: Some((self.operator.name.clone(), self.operator.role.to_string())),
            csrf: self.csrf.clone(),
            navigation: navigation.collect(),
            ..Frame::bare(title, parts.directory.own_name().to_string(), parts.clock.now())
        }
    }

    /// The frame of the page that says what went wrong.
    pub(in crate::admin) fn frame_of_problem(&self) -> Frame {
        self.frame("This did not work", "")
    }
}
