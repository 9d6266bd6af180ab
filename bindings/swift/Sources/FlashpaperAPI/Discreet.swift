/// A value that prints nothing of what it holds: no log, crash report or `dump` shows an address, a text or a key.
public protocol Discreet: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Discreet {
    public var description: String { "\(Self.self)(..)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
