import Foundation

extension View {
    // MARK: Bars, and what covers a screen

    public func navigationTitle<Title: StringProtocol>(_ title: Title) -> some View {
        adding(.title(String(title), inline: false))
    }
    public func navigationBarTitleDisplayMode(_ mode: TitleDisplayMode) -> some View {
        changed { node in
            node.extras = node.extras.map { if case .title(let text, _) = $0 { .title(text, inline: mode == .inline) } else { $0 } }
        }
    }
    public func navigationBarBackButtonHidden(_ hidden: Bool = true) -> some View {
        changed { if hidden { $0.attributes["data-no-back"] = "" } }
    }
    public func navigationDestination<Element: Hashable, Content: View>(
        for type: Element.Type, @ViewBuilder destination: @escaping (Element) -> Content
    ) -> some View {
        adding(.destination { ($0.base as? Element).map { destination($0).drawn } })
    }
    public func toolbar<Content: ToolbarContent>(@ToolbarContentBuilder content: () -> Content) -> some View {
        let items = content().items
        return changed { node in node.extras += items.map { .bar($0.0, $0.1) } }
    }
    public func safeAreaInset<Content: View>(
        edge: VerticalEdge, alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content
    ) -> some View {
        adding(.inset(edge, content().drawn))
    }
    public func sheet<Content: View>(
        isPresented: Binding<Bool>, onDismiss: (() -> Void)? = nil, @ViewBuilder content: @escaping () -> Content
    ) -> some View {
        adding(isPresented.wrappedValue ? .cover("sheet", content().drawn) : nil)
    }
    public func confirmationDialog<Title: StringProtocol, Actions: View, Message: View>(
        _ title: Title, isPresented: Binding<Bool>, titleVisibility: Visibility = .automatic,
        @ViewBuilder actions: () -> Actions, @ViewBuilder message: () -> Message
    ) -> some View {
        let text = Node("message", [Node("text strong", text: String(title))] + message().drawn)
        return adding(isPresented.wrappedValue ? .cover("dialog", [text] + actions().drawn) : nil)
    }
    public func swipeActions<Content: View>(
        edge: HorizontalEdge = .trailing, allowsFullSwipe: Bool = true, @ViewBuilder content: () -> Content
    ) -> some View {
        _ = content()
        return self
    }
    public func contextMenu<Content: View>(@ViewBuilder menuItems: () -> Content) -> some View {
        _ = menuItems()
        return self
    }
    public func presentationDetents(_ detents: Set<PresentationDetent>) -> some View { self }
    public func interactiveDismissDisabled(_ disabled: Bool = true) -> some View { self }

    // MARK: What happens: nothing does in a drawing

    public func task(_ action: @escaping @MainActor @Sendable () async -> Void) -> some View { self }
    public func task<ID: Equatable>(id: ID, _ action: @escaping @MainActor @Sendable () async -> Void) -> some View { self }
    public func onAppear(perform action: (@MainActor () -> Void)? = nil) -> some View { self }
    public func onDisappear(perform action: (@MainActor () -> Void)? = nil) -> some View { self }
    public func onChange<Value: Equatable>(of value: Value, _ action: @escaping @MainActor (Value, Value) -> Void) -> some View { self }
    public func onSubmit(_ action: @escaping @MainActor () -> Void) -> some View { self }
    public func onTapGesture(perform action: @escaping @MainActor () -> Void) -> some View { self }
    public func onLongPressGesture(
        minimumDuration: Double = 0.5, maximumDistance: CGFloat = 10, perform action: @escaping @MainActor () -> Void,
        onPressingChanged: ((Bool) -> Void)? = nil
    ) -> some View { self }
    public func environment<Value>(_ path: WritableKeyPath<EnvironmentValues, Value>, _ value: Value) -> some View {
        changed { if value as? LayoutDirection == .leftToRight { $0.attributes["dir"] = "ltr" } }
    }
    public func id<ID: Hashable>(_ id: ID) -> some View { self }
    public func tag<Value: Hashable>(_ tag: Value) -> some View {
        changed { $0.attributes["data-tag"] = String(describing: AnyHashable(tag)) }
    }

    // MARK: Typing

    public func autocorrectionDisabled(_ disable: Bool = true) -> some View { changed { $0.attributes["data-plain"] = "" } }
    public func textInputAutocapitalization(_ capitalization: TextInputAutocapitalization?) -> some View { self }
    public func keyboardType(_ type: UIKeyboardType) -> some View { self }
    public func textContentType(_ type: UITextContentType?) -> some View { self }
    public func submitLabel(_ label: SubmitLabel) -> some View { self }
    public func textSelection(_ selection: TextSelectability) -> some View { self }

    // MARK: Privacy and VoiceOver

    public func privacySensitive(_ sensitive: Bool = true) -> some View { changed { $0.attributes["data-sensitive"] = "" } }
    public func accessibilityLabel<Label: StringProtocol>(_ label: Label) -> some View {
        changed { $0.attributes["aria-label"] = String(label) }
    }
    public func accessibilityHint<Hint: StringProtocol>(_ hint: Hint) -> some View { self }
    public func accessibilityHidden(_ hidden: Bool) -> some View { changed { if hidden { $0.attributes["aria-hidden"] = "true" } } }
    public func accessibilityElement(children: AccessibilityChildren = .ignore) -> some View { self }
    public func accessibilityAddTraits(_ traits: AccessibilityTraits) -> some View { self }
    public func accessibilityAction<Name: StringProtocol>(named name: Name, _ handler: @escaping @MainActor () -> Void) -> some View { self }
}

public enum TitleDisplayMode { case inline, large }
public enum HorizontalEdge { case leading, trailing }
public enum VerticalEdge { case top, bottom }
public enum PresentationDetent: Hashable { case medium, large }
public enum TextInputAutocapitalization { case never, words, sentences }
public enum UIKeyboardType { case `default`, emailAddress, URL, asciiCapable }
public enum UITextContentType { case oneTimeCode, password, newPassword }
public enum SubmitLabel { case done, send, go }
public enum TextSelectability { case enabled, disabled }
public enum AccessibilityChildren { case ignore, combine, contain }
public enum AccessibilityTraits { case isHeader, isButton, updatesFrequently }
public enum ToolbarItemPlacement {
    case automatic, topBarLeading, topBarTrailing, bottomBar, principal, cancellationAction, confirmationAction
}

@MainActor
public protocol ToolbarContent {
    var items: [(ToolbarItemPlacement, [Node])] { get }
}

public struct ToolbarItem<Content: View>: ToolbarContent {
    public let items: [(ToolbarItemPlacement, [Node])]

    public init(placement: ToolbarItemPlacement = .automatic, @ViewBuilder content: () -> Content) {
        items = [(placement, content().drawn)]
    }
}

public struct ToolbarItems: ToolbarContent {
    public let items: [(ToolbarItemPlacement, [Node])]
}

@resultBuilder @MainActor
public enum ToolbarContentBuilder {
    public static func buildExpression(_ content: some ToolbarContent) -> ToolbarItems { ToolbarItems(items: content.items) }
    public static func buildBlock(_ content: ToolbarItems...) -> ToolbarItems { ToolbarItems(items: content.flatMap(\.items)) }
    public static func buildOptional(_ content: ToolbarItems?) -> ToolbarItems { content ?? ToolbarItems(items: []) }
}
