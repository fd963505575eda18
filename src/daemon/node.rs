//! One node: opens the parts in the order of the arrow list, runs them, and ends them in the other order.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

use super::control::Node;
use super::ready::Ready;
use super::tasks::Tasks;
use super::together::Together;
use super::{DaemonError, Start, data, duties, hearing, systemd};
use crate::admin::{self, Control};
use crate::clock::{Clock, SystemClock};
use crate::coordination::{Coordination, CoordinationParts, Process};
use crate::exchange::{Exchange, ExchangeParts, Post, PostParts};
use crate::inventory::Inventory;
use crate::notify;
use crate::outbox::{Outbox, Worker};
use crate::peers::Directory;
use crate::roster::Rosters;
use crate::store::{Store, metered, unfinished};
use crate::telemetry::Metrics;
use crate::telemetry::logging::Logging;
use crate::transport::{Client, Server, ServerParts};

/// After the server has drained, the other parts get this long to end; what they leave undone is done after the next
/// start.
const ENDING: Duration = Duration::from_secs(10);

/// The signals a node heeds.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal.
    async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.terminate.recv() => Heard::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Heard::Stop("SIGINT"),
            _ = self.hangup.recv() => Heard::Reload,
        }
    }

    /// The next signal that says stop.
    async fn stop(&mut self) -> &'static str {
        loop {
            if let Heard::Stop(signal) = self.next().await {
                return signal;
            }
        }
    }
}

/// What a signal means.
enum Heard {
    Stop(&'static str),
    Reload,
}

/// Opens everything, says that it is ready, and serves until a signal.
pub(super) async fn serve(
    start: Start,
    store: Arc<dyn Store>,
    logging: Logging,
    open_files: Option<usize>,
) -> Result<(), DaemonError> {
    // First of all, so that a signal during the start ends it as one later would.
    let mut signals = Signals::new().map_err(DaemonError::Signals)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let started = clock.now();
    let metrics = Metrics::new();
    metrics.started(duties::seconds(started.micros()));
    let store = metered(store, Arc::clone(&metrics));
    if let Some(from) = unfinished(&store).await? {
        return Err(DaemonError::Unfinished { from });
    }
    let config = &start.config;
    // Before anything is read: what others change from now on is heard of.
    let tidings = store.tidings();
    let together = Together::new(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&metrics), data::machine(config));
    let directory = Directory::open(Arc::clone(&store), &config.peers, Arc::clone(&clock)).await?;
    let outbox = Outbox::new(Arc::clone(&store), config.outbox.clone(), Arc::clone(&clock), Arc::clone(&metrics))?;
    let post = Post::new(PostParts {
        store: Arc::clone(&store),
        outbox: Arc::clone(&outbox),
        neighbours: Arc::clone(&directory) as _,
        config: config.exchange.clone(),
        limits: config.xml.clone(),
        envelope: config.envelope.clone(),
        keyring: Arc::clone(&directory) as _,
    });
    let inventory = Inventory::new(Arc::clone(&store), config.inventory.clone(), Arc::clone(&clock));
    let rosters = Rosters::open(Arc::clone(&store)).await?;
    let coordination = Coordination::new(CoordinationParts {
        store: Arc::clone(&store),
        outbox: Arc::clone(&outbox),
        postman: Arc::clone(&post) as _,
        inventory: Arc::clone(&inventory),
        rosters: Arc::clone(&rosters),
        config: config.coordination.clone(),
        reading: post.reading().clone(),
        plan: config.coordination.read_plan()?,
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
        links: config.admin.acknowledge.url.clone(),
    });
    let process: Arc<dyn Process> = Arc::clone(&coordination) as _;
    let reading = post.reading().clone();
    let exchange = Exchange::new(ExchangeParts {
        post,
        process: Arc::clone(&process),
        routing: config.routing.clone(),
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
    });
    let client = Client::new(&config.transport, Arc::clone(&directory), Arc::clone(&clock), Arc::clone(&metrics));
    let mut carriers = notify::carriers(&config.notify, &directory.own_name(), &clock, &metrics)?;
    carriers.push(Arc::clone(&client) as _);
    let crew = together.crew();
    let mut worker = Worker::new(Arc::clone(&outbox), carriers, Arc::clone(&exchange) as _);
    if let Some(crew) = &crew {
        worker = worker.beside_others(Arc::clone(crew));
    }
    let parts = ServerParts {
        directory: Arc::clone(&directory),
        receiver: Arc::clone(&exchange) as _,
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
        open_files,
    };
    let server = Server::bind(&config.transport, parts)?;
    let bound = admin::bind(&config.admin).await?;
    let node = Arc::new(Node {
        directory: Arc::clone(&directory),
        client: Arc::clone(&client),
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
        logging,
        data: start.data.clone(),
        file: start.file.clone(),
        started_with: config.clone(),
        config: config.clone().into(),
        process: Arc::clone(&process),
        coordination: Arc::clone(&coordination),
        together: Arc::clone(&together),
        draining: AtomicBool::new(false),
        reloading: tokio::sync::Mutex::default(),
    });
    let ears = hearing::Ears {
        directory: Arc::clone(&directory),
        rosters: Arc::clone(&rosters),
        inventory: Arc::clone(&inventory),
        coordination: Arc::clone(&coordination),
        exchange: Arc::clone(&exchange),
        outbox: Arc::clone(&outbox),
    };
    let administration = Arc::new(admin::Parts {
        config: config.admin.clone(),
        started,
        clock: Arc::clone(&clock),
        store: Arc::clone(&store),
        directory: Arc::clone(&directory),
        outbox: Arc::clone(&outbox),
        reading,
        rosters,
        inventory: Arc::clone(&inventory),
        staff: Arc::clone(&exchange) as _,
        officers: coordination,
        control: Arc::clone(&node) as _,
        metrics,
    });
    let name = directory.own_name();
    let addresses = server.addresses().to_vec();
    let ready = Ready {
        ready: true,
        rid: addresses.first().copied(),
        addresses: &addresses,
        admin: bound.socket(),
        metrics: bound.listen(),
        page: bound.page(),
        acknowledge: bound.acknowledge(),
        name: name.as_str(),
        version: env!("CARGO_PKG_VERSION"),
    };
    tracing::info!(%name, rid = ?addresses, admin = %bound.socket().display(), version = ready.version, "ready");
    ready.write(io::stdout().lock());
    systemd::ready("taking messages");

    let (close, closing) = watch::channel(false);
    let (end, ending) = watch::channel(false);
    let mut tasks = Tasks::default();
    tasks.add("the RID server", server.run(closing));
    tasks.add("the outbox", worker.run(ending.clone()));
    tasks.add("administration", admin::serve(administration, bound, ending.clone()));
    if let Some(tidings) = tidings {
        tasks.add("what other nodes tell", hearing::listen(ears, tidings, ending.clone()));
    }
    if let Some(crew) = crew {
        tasks.add("the sign of life", Arc::clone(&together).be_present(crew, outbox, ending.clone()));
    }
    let (take, turn) = watch::channel(None);
    tasks.add("the turn at the clock", together.keep_clock(take, ending.clone()));
    tasks.add("the exchange's timers", duties::timers(exchange, Arc::clone(&clock), turn.clone(), ending.clone()));
    tasks.add("the clock of significant events", duties::process(process, Arc::clone(&clock), turn, ending.clone()));
    tasks.add("the node's watch", duties::watch(Arc::clone(&node), store, ending.clone()));
    tasks.add("the connections to peers", async move { client.keep(ending).await });
    tokio::spawn(systemd::watchdog());
    tokio::spawn(duties::warm(inventory));

    let outcome = run(&node, &mut signals, &mut tasks).await;
    node.draining.store(true, Ordering::Relaxed);
    systemd::stopping();
    let last = async {
        close.send_replace(true);
        tasks.until_gone("the RID server").await;
        end.send_replace(true);
        if timeout(ENDING, tasks.until_all_gone()).await.is_err() {
            tracing::warn!(still = ?tasks.names(), "not everything ended in time; it is taken up after the next start");
        }
    };
    tokio::select! {
        () = last => tracing::info!("stopped"),
        signal = signals.stop() => tracing::warn!(signal, "told to stop again: ending at once"),
    }
    outcome
}

/// Serves until a signal says stop or a part ends.
async fn run(node: &Node, signals: &mut Signals, tasks: &mut Tasks) -> Result<(), DaemonError> {
    loop {
        tokio::select! {
            heard = signals.next() => match heard {
                Heard::Stop(signal) => {
                    tracing::info!(signal, "stopping: no new messages, those under way are finished");
                    return Ok(());
                }
                Heard::Reload => {
                    tracing::info!("SIGHUP: reading everything again");
                    // The outcome is in the log; nobody else waits for it.
                    drop(node.reload().await);
                }
            },
            Some(part) = tasks.ended() => return Err(DaemonError::Ended { part }),
        }
    }
}
