// As much of SwiftUI as the views of the sample app use, so that they are compiled on Linux, and drawn as HTML. Names and
// signatures are SwiftUI's as far as the views see them. No line of this is in the app: there SwiftUI is Apple's.

@_exported import Foundation

@MainActor @preconcurrency
public protocol View {
    associatedtype Body: View
    @ViewBuilder @MainActor @preconcurrency var body: Body { get }
    /// The stub's own: what it looks like.
    var drawn: [Node] { get }
}

extension View {
    public var drawn: [Node] { body.drawn }

    /// This view, with a change to what it looks like.
    func changed(_ change: @escaping (inout Node) -> Void) -> some View { Changed(content: self, change: change) }

    /// This view, with something that belongs to the screen around it.
    func adding(_ extra: Node.Extra?) -> some View {
        changed { if let extra { $0.extras.append(extra) } }
    }
}

extension Never: View {
    public var body: Never { fatalError("not drawn") }
}

/// A view that the stub draws by itself.
protocol Drawing: View where Body == Never {}

extension Drawing {
    public var body: Never { fatalError("not drawn") }
}

struct Changed<Content: View>: Drawing {
    let content: Content
    let change: (inout Node) -> Void

    var drawn: [Node] {
        content.drawn.map { node in
            var node = node
            change(&node)
            return node
        }
    }
}

public struct EmptyView: View, Drawing {
    public init() {}
    public var drawn: [Node] { [] }
}

/// Several views, one after the other.
public struct TupleView: View, Drawing {
    public let drawn: [Node]
}

extension Optional: View where Wrapped: View {
    public var body: Never { fatalError("not drawn") }
    public var drawn: [Node] { self?.drawn ?? [] }
}

@resultBuilder @MainActor
public enum ViewBuilder {
    public static func buildBlock() -> EmptyView { EmptyView() }
    public static func buildExpression<Content: View>(_ content: Content) -> Content { content }
    public static func buildBlock<Content: View>(_ content: Content) -> Content { content }
    public static func buildBlock<each Content: View>(_ content: repeat each Content) -> TupleView {
        var all: [Node] = []
        for part in repeat each content { all += part.drawn }
        return TupleView(drawn: all)
    }
    public static func buildIf<Content: View>(_ content: Content?) -> Content? { content }
    public static func buildEither(first: some View) -> TupleView { TupleView(drawn: first.drawn) }
    public static func buildEither(second: some View) -> TupleView { TupleView(drawn: second.drawn) }
    public static func buildLimitedAvailability(_ content: some View) -> some View { content }
}

// MARK: What changes

@propertyWrapper @MainActor
public struct State<Value> {
    private final class Box {
        var value: Value
        init(_ value: Value) { self.value = value }
    }

    private let box: Box

    public init(wrappedValue: Value) { box = Box(wrappedValue) }
    public init(initialValue: Value) { box = Box(initialValue) }

    public var wrappedValue: Value {
        get { box.value }
        nonmutating set { box.value = newValue }
    }
    public var projectedValue: Binding<Value> { Binding { box.value } set: { box.value = $0 } }
}

@propertyWrapper @MainActor
public struct Binding<Value> {
    private let get: @MainActor () -> Value
    private let set: @MainActor (Value) -> Void

    public init(get: @escaping @MainActor () -> Value, set: @escaping @MainActor (Value) -> Void) {
        self.get = get
        self.set = set
    }

    public var wrappedValue: Value {
        get { get() }
        nonmutating set { set(newValue) }
    }
    public var projectedValue: Binding<Value> { self }

    public static func constant(_ value: Value) -> Binding { Binding { value } set: { _ in } }
}

public struct EnvironmentValues {
    public var layoutDirection = LayoutDirection.leftToRight
    public var openURL = OpenURLAction { _ in .handled }
}

public enum LayoutDirection { case leftToRight, rightToLeft }

public struct OpenURLAction {
    public enum Result { case handled, discarded, systemAction }
    public init(handler: @escaping @MainActor (URL) -> Result) {}
}

public struct AnyView: View, Drawing {
    public let drawn: [Node]
    public init(_ view: some View) { drawn = view.drawn }
}
