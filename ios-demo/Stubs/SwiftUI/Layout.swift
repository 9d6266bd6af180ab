import Foundation

/// A view that holds others, one element of HTML around them.
public protocol Stack: View {}

public struct VStack<Content: View>: View, Drawing {
    private var node: Node

    public init(
        alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content
    ) {
        node = Node("vstack \(alignment)", content().drawn)
        if let spacing { node.styles.append("gap:\(spacing)px") }
    }
    public var drawn: [Node] { [node] }
}

public struct HStack<Content: View>: View, Drawing {
    private var node: Node

    public init(
        alignment: VerticalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content
    ) {
        node = Node("hstack \(alignment)", content().drawn)
        if let spacing { node.styles.append("gap:\(spacing)px") }
    }
    public var drawn: [Node] { [node] }
}

public struct ZStack<Content: View>: View, Drawing {
    private let content: Content

    public init(@ViewBuilder content: () -> Content) { self.content = content() }
    public var drawn: [Node] { [Node("zstack", content.drawn)] }
}

public struct Group<Content: View>: View, Drawing {
    private let content: Content

    public init(@ViewBuilder content: () -> Content) { self.content = content() }
    public var drawn: [Node] { content.drawn }
}

public struct List<Content: View>: View, Drawing {
    private let content: Content

    public init(@ViewBuilder content: () -> Content) { self.content = content() }
    public var drawn: [Node] { [Node("list", rows(content.drawn))] }
}

public struct Form<Content: View>: View, Drawing {
    private let content: Content

    public init(@ViewBuilder content: () -> Content) { self.content = content() }
    public var drawn: [Node] { [Node("list", rows(content.drawn))] }
}

/// Rows that stand in no section are a section of their own.
private func rows(_ nodes: [Node]) -> [Node] {
    var (all, loose): ([Node], [Node]) = ([], [])
    for node in nodes + [Node("section")] {
        if node.kind != "section" {
            loose.append(Node("row", [node]))
        } else {
            if !loose.isEmpty { all.append(Node("section", [Node("rows", loose)])) }
            loose = []
            if !node.children.isEmpty { all.append(node) }
        }
    }
    return all
}

public struct Section<Content: View, Header: View, Footer: View>: View, Drawing {
    private let content: Content
    private let header: Header
    private let footer: Footer

    public init(
        @ViewBuilder content: () -> Content, @ViewBuilder header: () -> Header = { EmptyView() },
        @ViewBuilder footer: () -> Footer = { EmptyView() }
    ) {
        self.content = content()
        self.header = header()
        self.footer = footer()
    }
    public var drawn: [Node] {
        let above = header.drawn.isEmpty ? [] : [Node("header", header.drawn)]
        let below = footer.drawn.isEmpty ? [] : [Node("footer", footer.drawn)]
        let rows = content.drawn.map { Node("row", [$0]) }
        return [Node("section", above + (rows.isEmpty ? [] : [Node("rows", rows)]) + below)]
    }
}

extension Section where Header == Text, Footer == EmptyView {
    public init<Title: StringProtocol>(_ title: Title, @ViewBuilder content: () -> Content) {
        self.init(content: content, header: { Text(title) }, footer: { EmptyView() })
    }
}

public struct ForEach<Data: RandomAccessCollection, ID: Hashable, Content: View>: View, Drawing {
    public let drawn: [Node]

    public init(_ data: Data, id: KeyPath<Data.Element, ID>, @ViewBuilder content: (Data.Element) -> Content) {
        drawn = data.flatMap { content($0).drawn }
    }
}

extension ForEach where Data.Element: Identifiable, ID == Data.Element.ID {
    public init(_ data: Data, @ViewBuilder content: (Data.Element) -> Content) {
        self.init(data, id: \.id, content: content)
    }
}

public struct ScrollView<Content: View>: View, Drawing {
    private let content: Content

    public init(@ViewBuilder content: () -> Content) { self.content = content() }
    public var drawn: [Node] { [Node("scroll", content.drawn)] }
}

/// The first of these that fits.
public struct ViewThatFits<Content: View>: View, Drawing {
    private let content: Content

    public init(in axes: Axis = .horizontal, @ViewBuilder content: () -> Content) { self.content = content() }
    /// A drawing breaks the first where it has to.
    public var drawn: [Node] { [Node("fits", Array(content.drawn.prefix(1)))] }
}

public struct Spacer: View, Drawing {
    public init(minLength: CGFloat? = nil) {}
    public var drawn: [Node] { [Node("spacer")] }
}

public struct Divider: View, Drawing {
    public init() {}
    public var drawn: [Node] { [Node("divider")] }
}

public struct NavigationStack<Root: View>: View, Drawing {
    private let nodes: [Node]

    public init<Element: Hashable>(path: Binding<[Element]>, @ViewBuilder root: () -> Root) {
        var drawn = root().drawn
        let destinations = drawn.flatMap(\.allExtras).compactMap { extra in
            if case .destination(let destination) = extra { destination } else { nil }
        }
        if let last = path.wrappedValue.last, let top = destinations.lazy.compactMap({ $0(last) }).first {
            // What covers the whole stays; the root's bars go.
            drawn = drawn.flatMap(\.allExtras).filter { if case .cover = $0 { true } else { false } }.map {
                var cover = Node("none")
                cover.extras = [$0]
                return cover
            } + top
        }
        if !path.wrappedValue.isEmpty, !drawn.isEmpty, drawn[0].attributes["data-no-back"] == nil {
            drawn[0].extras.insert(.bar(.topBarLeading, Image(systemName: "chevron.backward").drawn), at: 0)
        }
        nodes = drawn
    }
    public init(@ViewBuilder root: () -> Root) { nodes = root().drawn }
    public var drawn: [Node] { nodes }
}

// MARK: Shapes

public protocol Shape: View {}

extension Shape {
    public func fill(_ color: some ShapeStyle) -> some View { changed { $0.styles.append("background:\(color.css)") } }
    public func stroke(_ color: some ShapeStyle, lineWidth: CGFloat = 1) -> some View {
        changed { $0.styles.append("border:\(lineWidth)px solid \(color.css)") }
    }
}

public struct Rectangle: Shape, Drawing {
    public init() {}
    public var drawn: [Node] { [Node("shape")] }
}

public struct Circle: Shape, Drawing {
    public init() {}
    public var drawn: [Node] { [Node("shape circle")] }
}

public struct Capsule: Shape, Drawing {
    public init() {}
    public var drawn: [Node] { [Node("shape capsule")] }
}

public struct RoundedRectangle: Shape, Drawing {
    private let radius: CGFloat

    public init(cornerRadius: CGFloat) { radius = cornerRadius }
    public var drawn: [Node] {
        var node = Node("shape")
        node.styles = ["border-radius:\(radius)px"]
        return [node]
    }
}

public enum HorizontalAlignment { case leading, center, trailing }
public enum VerticalAlignment { case top, center, bottom, firstTextBaseline }
public enum Alignment { case leading, center, trailing, bottom, top }
public enum TextAlignment { case leading, center, trailing }
