#nullable enable

using Godot;

namespace Packhorse;

/// <summary>How a room is created or joined: the <c>PackhorseRoomOptions</c> of GDScript.</summary>
public sealed class PackhorseOptions
{
    /// <summary>Who may address whom in a room.</summary>
    public enum Topology
    {
        Mesh,
        Star,
    }

    /// <summary>What carries the datagrams between this peer and the relay.</summary>
    public enum Transport
    {
        Auto,
        Udp,
        Websocket,
    }

    private const string ScriptPath = "res://addons/packhorse/nodes/packhorse_room_options.gd";

    /// <summary>Who may address whom in a new room.</summary>
    public Topology RoomTopology { get; init; } = Topology.Mesh;

    /// <summary>Largest number of peers, host included; 0 for the relay's default.</summary>
    public int MaxPeers { get; init; }

    /// <summary>What who joins has to know besides the code; never sent.</summary>
    public string Password { get; init; } = "";

    /// <summary>Nobody is admitted to a new room until its options change.</summary>
    public bool Locked { get; init; }

    /// <summary>The host is asked about each who wants to join.</summary>
    public bool Approve { get; init; }

    /// <summary>Who asks, where the host decides.</summary>
    public string PlayerName { get; init; } = "";

    /// <summary>Everybody who lists the relay's rooms sees this one and its code.</summary>
    public bool Listed { get; init; }

    /// <summary>What the list shows besides; at most 512 bytes of UTF-8.</summary>
    public string Metadata { get; init; } = "";

    /// <summary>Ticket of the relay's operator.</summary>
    public string Ticket { get; init; } = "";

    /// <summary>Access key of the relay; never sent.</summary>
    public string AccessKey { get; init; } = "";

    /// <summary>What carries the datagrams.</summary>
    public Transport RelayTransport { get; init; } = Transport.Auto;

    /// <summary>Shows no address of this machine to the room: everything takes the relay.</summary>
    public bool RelayOnly { get; init; }

    /// <summary>Certificate that a relay over wss may have besides those the system trusts.</summary>
    public X509Certificate? TrustedCertificate { get; init; }

    /// <summary>Seconds after which connecting is given up.</summary>
    public double ConnectTimeout { get; init; } = 15.0;

    /// <summary>Returns the options as GDScript takes them; nothing for null.</summary>
    internal static Variant ToVariant(PackhorseOptions? options) =>
        options is null ? default : Variant.From(options.ToGodot());

    private GodotObject ToGodot()
    {
        var options = GD.Load<GDScript>(ScriptPath).New().AsGodotObject();
        options.Set(PropertyName.Topology, (int)RoomTopology);
        options.Set(PropertyName.MaxPeers, MaxPeers);
        options.Set(PropertyName.Password, Password);
        options.Set(PropertyName.Locked, Locked);
        options.Set(PropertyName.Approve, Approve);
        options.Set(PropertyName.PlayerName, PlayerName);
        options.Set(PropertyName.Listed, Listed);
        options.Set(PropertyName.Metadata, Metadata);
        options.Set(PropertyName.Ticket, Ticket);
        options.Set(PropertyName.AccessKey, AccessKey);
        options.Set(PropertyName.Transport, (int)RelayTransport);
        options.Set(PropertyName.RelayOnly, RelayOnly);
        options.Set(PropertyName.TrustedCertificate, Variant.From(TrustedCertificate));
        options.Set(PropertyName.ConnectTimeout, ConnectTimeout);
        return options;
    }

    private static class PropertyName
    {
        public static readonly StringName Topology = "topology";
        public static readonly StringName MaxPeers = "max_peers";
        public static readonly StringName Password = "password";
        public static readonly StringName Locked = "locked";
        public static readonly StringName Approve = "approve";
        public static readonly StringName PlayerName = "player_name";
        public static readonly StringName Listed = "listed";
        public static readonly StringName Metadata = "metadata";
        public static readonly StringName Ticket = "ticket";
        public static readonly StringName AccessKey = "access_key";
        public static readonly StringName Transport = "transport";
        public static readonly StringName RelayOnly = "relay_only";
        public static readonly StringName TrustedCertificate = "trusted_certificate";
        public static readonly StringName ConnectTimeout = "connect_timeout";
    }
}
