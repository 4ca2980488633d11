#nullable enable

using System;
using Godot;

namespace Packhorse;

/// <summary>
/// Holds a <c>PackhorseMultiplayerPeer</c>, which is written in GDScript, for games in C#.
/// </summary>
/// <remarks>
/// Give <see cref="Peer"/> to <c>Multiplayer.MultiplayerPeer</c> once <see cref="CreateRoom"/> or
/// <see cref="JoinRoom"/> has returned <see cref="Error.Ok"/>. What each member does is said in the
/// documentation of the GDScript class. Do not derive from it in C#.
/// </remarks>
public sealed class PackhorsePeer
{
    /// <summary>Where connecting stands.</summary>
    public enum Stage
    {
        Resolving,
        ReachingUdp,
        ReachingWebsocket,
        Authenticating,
        Joining,
        Connected,
        Waiting,
        Paused,
    }

    /// <summary>How datagrams leave for a peer.</summary>
    public enum Path
    {
        None = -1,
        RelayUdp,
        RelayWebsocket,
        Direct,
    }

    private const string ScriptPath = "res://addons/packhorse/nodes/packhorse_multiplayer_peer.gd";

    /// <summary>The peer itself.</summary>
    public MultiplayerPeer Peer { get; }

    /// <summary>The room exists; the argument is its code for friends.</summary>
    public event Action<string>? RoomCreated;

    /// <summary>Connecting has come to another stage.</summary>
    public event Action<Stage>? StageChanged;

    /// <summary>Connecting failed, or the session was ended.</summary>
    public event Action<PackhorseFailure>? ConnectionError;

    /// <summary>The relay was silent for 15 seconds; nothing has to be done.</summary>
    public event Action? SessionLost;

    /// <summary>The relay answers again: the same room, code and ids.</summary>
    public event Action? SessionResumed;

    /// <summary>The relay stops within these seconds.</summary>
    public event Action<double>? RelayDraining;

    /// <summary>
    /// The relay drops what is sent above its limits: bytes and packets a second, and how many it
    /// dropped.
    /// </summary>
    public event Action<int, int, int>? Limited;

    /// <summary>A peer was silent for 15 seconds; the argument is its id.</summary>
    public event Action<int>? PeerLost;

    /// <summary>A lost peer is back; the argument is its id.</summary>
    public event Action<int>? PeerFound;

    /// <summary>Datagrams to the peer with this id take another way from here.</summary>
    public event Action<int, Path>? PeerPathChanged;

    /// <summary>
    /// Somebody wants to join a room created with Approve: the request to answer within 30 seconds,
    /// and the name they give.
    /// </summary>
    public event Action<int, string>? JoinRequested;

    private readonly GodotObject _doorman;

    public PackhorsePeer()
    {
        Peer = (MultiplayerPeer)GD.Load<GDScript>(ScriptPath).New().AsGodotObject();
        Peer.Connect(SignalName.RoomCreated, Callable.From<string>(code => RoomCreated?.Invoke(code)));
        Peer.Connect(SignalName.StageChanged, Callable.From<long>(TellStage));
        Peer.Connect(SignalName.ConnectionError, Callable.From<GodotObject>(TellError));
        Peer.Connect(SignalName.SessionLost, Callable.From(() => SessionLost?.Invoke()));
        Peer.Connect(SignalName.SessionResumed, Callable.From(() => SessionResumed?.Invoke()));
        Peer.Connect(SignalName.RelayDraining, Callable.From<double>(TellDraining));
        Peer.Connect(SignalName.Limited, Callable.From<int, int, int>(TellLimits));
        Peer.Connect(SignalName.PeerLost, Callable.From<int>(id => PeerLost?.Invoke(id)));
        Peer.Connect(SignalName.PeerFound, Callable.From<int>(id => PeerFound?.Invoke(id)));
        Peer.Connect(SignalName.PeerPathChanged, Callable.From<int, long>(TellPath));
        _doorman = Peer.Get(PropertyName.Doorman).AsGodotObject();
        _doorman.Connect(DoormanSignalName.JoinRequested, Callable.From<int, string>(TellRequest));
    }

    /// <summary>The room's code as people see it; empty until the room has been entered.</summary>
    public string RoomCode => Peer.Get(PropertyName.RoomCode).AsString();

    /// <summary>Seconds that the relay asks to wait, in the stage Paused.</summary>
    public double RetryAfter => Peer.Get(PropertyName.RetryAfter).AsDouble();

    /// <summary>Creates a room and becomes its host.</summary>
    /// <param name="relay"><c>host</c> or <c>host:port</c>; empty for the project setting.</param>
    /// <param name="options">Null for the project settings.</param>
    public Error CreateRoom(string relay, PackhorseOptions? options = null) =>
        Peer.Call(MethodName.CreateRoom, relay, PackhorseOptions.ToVariant(options)).As<Error>();

    /// <summary>Joins the room with this code, as people type it.</summary>
    public Error JoinRoom(string relay, string code, PackhorseOptions? options = null) =>
        Peer.Call(MethodName.JoinRoom, relay, code, PackhorseOptions.ToVariant(options)).As<Error>();

    /// <summary>Changes the room that this peer hosts.</summary>
    public Error SetRoomOptions(PackhorseOptions options) =>
        Peer.Call(MethodName.SetRoomOptions, PackhorseOptions.ToVariant(options)).As<Error>();

    /// <summary>Takes up the session of a crashed game: same room, code and id.</summary>
    public Error ResumeRoom(string relay, string saved, PackhorseOptions? options = null) =>
        Peer.Call(MethodName.ResumeRoom, relay, saved, PackhorseOptions.ToVariant(options)).As<Error>();

    /// <summary>Returns a secret for <see cref="ResumeRoom"/>, empty without a session.</summary>
    public string GetSavedSession() => Peer.Call(MethodName.GetSavedSession).AsString();

    /// <summary>Lets somebody in who asked with <see cref="JoinRequested"/>.</summary>
    public Error Admit(int request) => _doorman.Call(DoormanMethodName.Admit, request).As<Error>();

    /// <summary>Turns somebody away who asked with <see cref="JoinRequested"/>.</summary>
    public Error Refuse(int request) => _doorman.Call(DoormanMethodName.Refuse, request).As<Error>();

    /// <summary>Returns the ids of the other peers that the game knows.</summary>
    public int[] GetPeerIds() => Peer.Call(MethodName.GetPeerIds).AsInt32Array();

    /// <summary>Returns the round-trip time to a peer in seconds, -1 before it is known.</summary>
    public double GetPeerRtt(int peerId) => Peer.Call(MethodName.GetPeerRtt, peerId).AsDouble();

    /// <summary>Returns how datagrams leave for a peer now.</summary>
    public Path GetPeerPath(int peerId) => (Path)Peer.Call(MethodName.GetPeerPath, peerId).AsInt32();

    /// <summary>Returns numbers about the way to a peer, by name; none for whom is not there.</summary>
    public Godot.Collections.Dictionary<StringName, double> GetPeerStatistics(int peerId) =>
        Peer.Call(MethodName.GetPeerStatistics, peerId).AsGodotDictionary<StringName, double>();

    /// <summary>Returns numbers about the current session, by name.</summary>
    public Godot.Collections.Dictionary<StringName, double> GetStatistics() =>
        Peer.Call(MethodName.GetStatistics).AsGodotDictionary<StringName, double>();

    /// <summary>Makes the network worse, to see what a game does then; 0, 0, 0 ends it.</summary>
    /// <param name="latency">Seconds that each datagram, sent or received, waits.</param>
    /// <param name="jitter">Up to so many seconds more.</param>
    /// <param name="loss">The fraction that is lost, 0 to 1.</param>
    public void SetNetworkSimulation(double latency, double jitter = 0.0, double loss = 0.0) =>
        Peer.Call(MethodName.SetNetworkSimulation, latency, jitter, loss);

    private void TellPath(int peerId, long path) => PeerPathChanged?.Invoke(peerId, (Path)path);

    private void TellStage(long stage) => StageChanged?.Invoke((Stage)stage);

    private void TellDraining(double seconds) => RelayDraining?.Invoke(seconds);

    private void TellLimits(int bytes, int packets, int dropped) =>
        Limited?.Invoke(bytes, packets, dropped);

    private void TellRequest(int request, string playerName) =>
        JoinRequested?.Invoke(request, playerName);

    private void TellError(GodotObject error)
    {
        var failure = PackhorseFailure.From(error);
        if (ConnectionError is null)
        {
            GD.PushWarning($"Packhorse: {failure.Name}: {failure.Message}; {failure.Advice}");
        }

        ConnectionError?.Invoke(failure);
    }

    private static class MethodName
    {
        public static readonly StringName CreateRoom = "create_room";
        public static readonly StringName JoinRoom = "join_room";
        public static readonly StringName SetRoomOptions = "set_room_options";
        public static readonly StringName ResumeRoom = "resume_room";
        public static readonly StringName GetSavedSession = "get_saved_session";
        public static readonly StringName GetPeerIds = "get_peer_ids";
        public static readonly StringName GetPeerRtt = "get_peer_rtt";
        public static readonly StringName GetPeerPath = "get_peer_path";
        public static readonly StringName GetPeerStatistics = "get_peer_statistics";
        public static readonly StringName GetStatistics = "get_statistics";
        public static readonly StringName SetNetworkSimulation = "set_network_simulation";
    }

    private static class DoormanMethodName
    {
        public static readonly StringName Admit = "admit";
        public static readonly StringName Refuse = "refuse";
    }

    private static class PropertyName
    {
        public static readonly StringName RoomCode = "room_code";
        public static readonly StringName RetryAfter = "retry_after";
        public static readonly StringName Doorman = "doorman";
    }

    private static class SignalName
    {
        public static readonly StringName RoomCreated = "room_created";
        public static readonly StringName StageChanged = "stage_changed";
        public static readonly StringName ConnectionError = "connection_error";
        public static readonly StringName SessionLost = "session_lost";
        public static readonly StringName SessionResumed = "session_resumed";
        public static readonly StringName RelayDraining = "relay_draining";
        public static readonly StringName Limited = "limited";
        public static readonly StringName PeerLost = "peer_lost";
        public static readonly StringName PeerFound = "peer_found";
        public static readonly StringName PeerPathChanged = "peer_path_changed";
    }

    private static class DoormanSignalName
    {
        public static readonly StringName JoinRequested = "join_requested";
    }
}
