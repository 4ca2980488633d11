#nullable enable

using Godot;

namespace Packhorse;

/// <summary>Why something failed: the <c>PackhorseError</c> of GDScript.</summary>
/// <param name="Code">The relay's error code, or a negative one found on this side.</param>
/// <param name="Name">The code's name, for example <c>JOIN_DENIED</c>.</param>
/// <param name="Message">What happened, in lower case without a full stop.</param>
/// <param name="Advice">What the reader can do about it.</param>
/// <param name="Stage">What was being done, or empty.</param>
/// <param name="RetryAfter">Seconds after which to try again; 0 when the relay did not say.</param>
/// <param name="Attempts">How each way to the relay failed, where several did.</param>
public sealed record PackhorseFailure(
    int Code,
    string Name,
    string Message,
    string Advice,
    string Stage,
    double RetryAfter,
    string[] Attempts)
{
    internal static PackhorseFailure From(GodotObject error) =>
        new(
            error.Get(PropertyName.Code).AsInt32(),
            error.Get(PropertyName.Name).AsString(),
            error.Get(PropertyName.Message).AsString(),
            error.Get(PropertyName.Advice).AsString(),
            error.Get(PropertyName.Stage).AsString(),
            error.Get(PropertyName.RetryAfter).AsDouble(),
            error.Get(PropertyName.Attempts).AsStringArray());

    private static class PropertyName
    {
        public static readonly StringName Code = "code";
        public static readonly StringName Name = "name";
        public static readonly StringName Message = "message";
        public static readonly StringName Advice = "advice";
        public static readonly StringName Stage = "stage";
        public static readonly StringName RetryAfter = "retry_after";
        public static readonly StringName Attempts = "attempts";
    }
}
