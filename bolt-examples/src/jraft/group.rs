use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bolt_remoting::RpcClient;
use bolt_remoting::rpc::JavaClass;
use prost::Message;
use tokio::time::{Instant, sleep_until};

use super::error::{JRaftError, RaftError};
use super::messages::{
    ErrorResponse, GetLeaderRequest, GetLeaderResponse, GetPeersRequest, GetPeersResponse,
    PingRequest, TransferLeaderRequest,
};
use super::peer_id::PeerId;
use super::serializer::RaftMessages;

/// Most that one node may take to say who leads.
const ASKING_ONE: Duration = Duration::from_millis(500);
/// Between two rounds of asking, and before a request is repeated.
const PAUSE: Duration = Duration::from_millis(50);

/// A group of nodes, of which one leads. Cheap to clone; clones share what they know of the leader.
///
/// All calls end within the time they are given.
#[derive(Clone, Debug)]
pub struct RaftGroup {
    client: RpcClient,
    messages: Arc<RaftMessages>,
    name: Arc<str>,
    peers: Arc<[PeerId]>,
    leader: Arc<Mutex<Option<PeerId>>>,
}

impl RaftGroup {
    /// The group `name`, of which `peers` are some nodes at least. Nothing is connected yet.
    #[must_use]
    pub fn new(client: &RpcClient, name: &str, peers: impl Into<Arc<[PeerId]>>) -> Self {
        Self {
            client: client.clone(),
            messages: Arc::default(),
            name: name.into(),
            peers: peers.into(),
            leader: Arc::default(),
        }
    }

    /// Whether the node is there.
    ///
    /// # Errors
    ///
    /// As [`invoke`](Self::invoke).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up.
    pub async fn ping(&self, peer: &PeerId, timeout: Duration) -> Result<(), JRaftError> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let millis = now.map_or(0, |now| now.as_millis());
        let request = PingRequest {
            send_timestamp: i64::try_from(millis).unwrap_or(i64::MAX),
        };
        let _: ErrorResponse = self.invoke(peer, &request, timeout).await?;
        Ok(())
    }

    /// Who leads the group: asks one node after the other, again and again.
    ///
    /// # Errors
    ///
    /// [`JRaftError::NoLeader`] if nobody has named one in time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the asking.
    pub async fn leader(&self, timeout: Duration) -> Result<PeerId, JRaftError> {
        self.find_leader(Instant::now() + timeout).await
    }

    async fn find_leader(&self, deadline: Instant) -> Result<PeerId, JRaftError> {
        let mut last = None;
        loop {
            for peer in self.peers.iter() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(JRaftError::NoLeader(last.map(Box::new)));
                }
                match self.ask(peer, left.min(ASKING_ONE)).await {
                    Ok(leader) => {
                        self.remember(Some(leader.clone()));
                        return Ok(leader);
                    }
                    Err(error) => last = Some(error),
                }
            }
            sleep_until(deadline.min(Instant::now() + PAUSE)).await;
            if Instant::now() >= deadline {
                return Err(JRaftError::NoLeader(last.map(Box::new)));
            }
        }
    }

    /// Whom the node takes for the leader.
    async fn ask(&self, peer: &PeerId, timeout: Duration) -> Result<PeerId, JRaftError> {
        let request = GetLeaderRequest {
            group_id: self.name.to_string(),
            peer_id: Some(peer.to_string()),
        };
        let answer: GetLeaderResponse = self.invoke(peer, &request, timeout).await?;
        Ok(answer.leader_id.parse()?)
    }

    /// The nodes that vote, as the leader knows them.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up.
    pub async fn members(&self, timeout: Duration) -> Result<Vec<PeerId>, JRaftError> {
        let request = |leader: &PeerId| GetPeersRequest {
            group_id: self.name.to_string(),
            leader_id: Some(leader.to_string()),
            only_alive: None,
        };
        let answer: GetPeersResponse = self.call_with(request, timeout).await?;
        let peers = answer.peers.iter().map(|peer| Ok(peer.parse()?));
        peers.collect()
    }

    /// Makes the leader hand over to `to`. It has agreed when this returns; that the other leads is
    /// told by [`leader`](Self::leader) a little later.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up; the leader may hand over all the same.
    pub async fn transfer_leader(&self, to: &PeerId, timeout: Duration) -> Result<(), JRaftError> {
        let request = |leader: &PeerId| TransferLeaderRequest {
            group_id: self.name.to_string(),
            leader_id: leader.to_string(),
            peer_id: Some(to.to_string()),
        };
        let _: ErrorResponse = self.call_with(request, timeout).await?;
        self.remember(None);
        Ok(())
    }

    /// Sends a request to the leader, and, as long as there is time, to the next one where it was
    /// [certainly not heeded](JRaftError::may_be_repeated). It is never done twice: a connection that
    /// breaks while the answer is awaited ends the call.
    ///
    /// # Errors
    ///
    /// [`JRaftError::NoLeader`] if there was none in time, otherwise what became of the last try.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up; the leader may do what was asked all the same.
    pub async fn call<T, R>(&self, request: &T, timeout: Duration) -> Result<R, JRaftError>
    where
        T: Message + JavaClass + Clone,
        R: Message + JavaClass + Default + 'static,
    {
        self.call_with(|_| request.clone(), timeout).await
    }

    /// The same with a request that names the leader.
    async fn call_with<T, R>(
        &self,
        request: impl Fn(&PeerId) -> T,
        timeout: Duration,
    ) -> Result<R, JRaftError>
    where
        T: Message + JavaClass,
        R: Message + JavaClass + Default + 'static,
    {
        let deadline = Instant::now() + timeout;
        loop {
            let leader = match self.known_leader() {
                Some(leader) => leader,
                None => self.find_leader(deadline).await?,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let error = match self.invoke(&leader, &request(&leader), left).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            self.remember(None);
            let next = Instant::now() + PAUSE;
            if !error.may_be_repeated() || next >= deadline {
                return Err(error);
            }
            sleep_until(next).await;
        }
    }

    /// Sends a request to one node, once.
    ///
    /// # Errors
    ///
    /// [`JRaftError::Raft`] and [`JRaftError::Call`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up.
    pub async fn invoke<T, R>(
        &self,
        peer: &PeerId,
        request: &T,
        timeout: Duration,
    ) -> Result<R, JRaftError>
    where
        T: Message + JavaClass,
        R: Message + JavaClass + Default + 'static,
    {
        let call = self.client.invoke_with::<_, Result<R, RaftError>, _>(
            &self.messages,
            peer.address(),
            request,
        );
        // As JRaft has it, although its version of the protocol has no checksum anyway.
        let outcome = call.crc(false).timeout(timeout).await?;
        outcome.map_err(JRaftError::Raft)
    }

    fn known_leader(&self) -> Option<PeerId> {
        let leader = self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        leader.clone()
    }

    fn remember(&self, leader: Option<PeerId>) {
        *self.leader.lock().unwrap_or_else(PoisonError::into_inner) = leader;
    }
}
