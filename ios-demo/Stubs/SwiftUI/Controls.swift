import Foundation
import UIKit

public struct Text: View, Drawing {
    private var node: Node

    public init<Content: StringProtocol>(_ content: Content) { node = Node("text", text: String(content)) }
    public init(_ text: AttributedString) { self.init(String(text.characters)) }
    public var drawn: [Node] { [node] }
}

public struct Image: View, Drawing {
    private let node: Node

    public init(systemName: String) {
        var node = Node("symbol")
        node.attributes["data-symbol"] = systemName
        self.init(node)
    }
    public init(uiImage: UIImage) {
        var node = Node("picture")
        if let code = uiImage.code { node.attributes["data-code"] = code }
        if let data = uiImage.data { node.attributes["data-file"] = data.base64EncodedString() }
        self.init(node)
    }
    private init(_ node: Node) { self.node = node }

    public func resizable() -> Image { self }
    public func interpolation(_ interpolation: Interpolation) -> Image { self }
    public enum Interpolation { case none, high }
    public var drawn: [Node] { [node] }
}

public struct Label<Title: View, Icon: View>: View, Drawing {
    private let title: Title
    private let icon: Icon

    public init(@ViewBuilder title: () -> Title, @ViewBuilder icon: () -> Icon) {
        self.title = title()
        self.icon = icon()
    }
    public var drawn: [Node] { [Node("label", [Node("icon", icon.drawn), Node("vstack start", title.drawn)])] }
}

extension Label where Title == Text, Icon == Image {
    public init<Content: StringProtocol>(_ title: Content, systemImage: String) {
        self.init { Text(title) } icon: { Image(systemName: systemImage) }
    }
}

public struct ButtonRole: Equatable, Sendable {
    public static let destructive = ButtonRole(name: "destructive")
    public static let cancel = ButtonRole(name: "cancel")
    let name: String
}

public struct Button<Content: View>: View, Drawing {
    private let content: Content
    private let role: ButtonRole?

    public init(role: ButtonRole? = nil, action: @escaping @MainActor () -> Void, @ViewBuilder label: () -> Content) {
        content = label()
        self.role = role
    }
    public var drawn: [Node] { [Node("button \(role?.name ?? "")", content.drawn)] }
}

extension Button where Content == Text {
    public init<Title: StringProtocol>(_ title: Title, role: ButtonRole? = nil, action: @escaping @MainActor () -> Void) {
        self.init(role: role, action: action) { Text(title) }
    }
}

extension Button where Content == Label<Text, Image> {
    public init<Title: StringProtocol>(
        _ title: Title, systemImage: String, role: ButtonRole? = nil, action: @escaping @MainActor () -> Void
    ) {
        self.init(role: role, action: action) { Label(title, systemImage: systemImage) }
    }
}

public struct TextField: View, Drawing {
    private let node: Node

    public init<Title: StringProtocol>(_ title: Title, text: Binding<String>, axis: Axis = .horizontal) {
        node = entry(title, text.wrappedValue)
    }
    public var drawn: [Node] { [node] }
}

public enum Axis { case horizontal, vertical }

public struct SecureField: View, Drawing {
    private let node: Node

    public init<Title: StringProtocol>(_ title: Title, text: Binding<String>) {
        node = entry(title, String(repeating: "•", count: text.wrappedValue.count))
    }
    public var drawn: [Node] { [node] }
}

private func entry(_ title: some StringProtocol, _ text: String) -> Node {
    var node = Node("field \(text.isEmpty ? "empty" : "")", text: text.isEmpty ? String(title) : text)
    node.attributes["aria-label"] = String(title)
    return node
}

public struct Toggle<Content: View>: View, Drawing {
    private let label: Content
    private let isOn: Bool

    public init(isOn: Binding<Bool>, @ViewBuilder label: () -> Content) {
        self.label = label()
        self.isOn = isOn.wrappedValue
    }
    public var drawn: [Node] { [Node("toggle", label.drawn + [Node("switch \(isOn ? "on" : "")", [Node("knob")])])] }
}

extension Toggle where Content == Text {
    public init<Title: StringProtocol>(_ title: Title, isOn: Binding<Bool>) { self.init(isOn: isOn) { Text(title) } }
}

public struct Picker<Selection: Hashable, Content: View>: View, Drawing {
    private let node: Node

    public init<Title: StringProtocol>(
        _ title: Title, selection: Binding<Selection>, @ViewBuilder content: () -> Content
    ) {
        let options = content().drawn
        let tag = String(describing: AnyHashable(selection.wrappedValue))
        var shown = options.map { option in
            var option = option
            option.kind += option.attributes["data-tag"] == tag ? " option chosen" : " option"
            return option
        }
        if shown.isEmpty { shown = [Node("text")] }
        node = Node("picker", [Node("text", text: String(title)), Node("options", shown)])
    }
    public var drawn: [Node] { [node] }
}

public struct ProgressView<Content: View>: View, Drawing {
    private let part: Double?
    private let content: Content

    public init<Part: BinaryFloatingPoint>(value: Part?, @ViewBuilder label: () -> Content) {
        part = value.map(Double.init)
        content = label()
    }
    public var drawn: [Node] {
        guard let part else { return [Node("progress", [Node("spinner")] + content.drawn)] }
        var bar = Node("done")
        bar.styles = ["width:\(Int(part * 100))%"]
        return [Node("progress", content.drawn + [Node("track", [bar])])]
    }
}

extension ProgressView where Content == EmptyView {
    public init() {
        part = nil
        content = EmptyView()
    }
    public init<Part: BinaryFloatingPoint>(value: Part?) { self.init(value: value) { EmptyView() } }
}

public struct ContentUnavailableView<Title: View, Details: View, Actions: View>: View, Drawing {
    private let inside: [Node]

    public init(
        @ViewBuilder label: () -> Title, @ViewBuilder description: () -> Details = { EmptyView() },
        @ViewBuilder actions: () -> Actions = { EmptyView() }
    ) {
        inside = label().drawn + description().drawn + actions().drawn
    }
    public var drawn: [Node] { [Node("unavailable", inside)] }
}

public struct Menu<Title: View, Content: View>: View, Drawing {
    private let title: Title

    public init(@ViewBuilder content: () -> Content, @ViewBuilder label: () -> Title) { title = label() }
    public var drawn: [Node] { [Node("button", title.drawn)] }
}

public struct ShareLink<Title: View>: View, Drawing {
    private let title: Title

    public init(item: String, @ViewBuilder label: () -> Title) { title = label() }
    public var drawn: [Node] { [Node("button", title.drawn)] }
}

public struct Slider: View, Drawing {
    private let part: Double

    public init(
        value: Binding<Double>, in bounds: ClosedRange<Double> = 0...1, onEditingChanged: @escaping (Bool) -> Void = { _ in }
    ) {
        part = value.wrappedValue / bounds.upperBound
    }
    public var drawn: [Node] {
        var knob = Node("thumb")
        knob.styles = ["inset-inline-start:calc(\(Int(part * 100))% - \(Int(part * 28))px)"]
        return [Node("slider", [Node("track"), knob])]
    }
}
