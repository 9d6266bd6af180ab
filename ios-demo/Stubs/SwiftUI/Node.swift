/// What a view becomes when it is drawn: an element of HTML. The class names are those of `Drawings/ios.css`.
public struct Node {
    var kind: String
    var styles: [String] = []
    var attributes: [String: String] = [:]
    var text: String?
    var children: [Node] = []
    var extras: [Extra] = []

    init(_ kind: String, _ children: [Node] = [], text: String? = nil) {
        self.kind = kind
        self.children = children
        self.text = text
    }

    /// What belongs to a screen and is found somewhere inside of it.
    enum Extra {
        case title(String, inline: Bool)
        case bar(ToolbarItemPlacement, [Node])
        case cover(String, [Node])
        case inset(VerticalEdge, [Node])
        case destination((AnyHashable) -> [Node]?)
    }

    /// All extras of this element and those inside, the outermost first.
    var allExtras: [Extra] { extras + children.flatMap(\.allExtras) }

    public var html: String {
        let style = styles.isEmpty ? "" : " style=\"\(styles.joined(separator: ";"))\""
        let others = attributes.sorted { $0.key < $1.key }.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined()
        let inside = text.map(escaped) ?? children.map(\.html).joined()
        return "<div class=\"\(kind)\"\(style)\(others)>\(inside)</div>"
    }

    /// Every text that can be read on the drawing, or heard with VoiceOver.
    public var words: [String] {
        [text, attributes["aria-label"], attributes["placeholder"]].compactMap { $0 } + children.flatMap(\.words)
    }

    /// Every element of a class of `Drawings/ios.css`, from the outside to the inside.
    public func all(_ name: String) -> [Node] {
        (kind.split(separator: " ").contains { $0 == name } ? [self] : []) + children.flatMap { $0.all(name) }
    }
}

private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
        .replacing("\n", with: "&#10;")
}

/// Draws a view as it is at its first appearance, as a whole screen.
@MainActor
public func draw(_ view: some View) -> Node {
    let nodes = view.drawn
    let covers = nodes.flatMap(\.allExtras).compactMap { extra -> Node? in
        if case .cover(let kind, let inside) = extra { Node("cover", [Node(kind, screen(inside))]) } else { nil }
    }
    return Node("screen", screen(nodes) + covers)
}

/// A screen's bars and content.
func screen(_ nodes: [Node]) -> [Node] {
    var title: (String, Bool)?
    var (leading, trailing, top, bottom): ([Node], [Node], [Node], [Node]) = ([], [], [], [])
    for extra in nodes.flatMap(\.allExtras) {
        switch extra {
        case .title(let text, let inline): title = title ?? (text, inline)
        case .bar(.topBarLeading, let inside), .bar(.cancellationAction, let inside): leading += inside
        case .bar(.bottomBar, let inside): bottom.append(Node("bottombar", inside))
        // The last that was put around a screen is the outermost.
        case .inset(.top, let inside): top = inside + top
        case .inset(.bottom, let inside): bottom = inside + bottom
        case .bar(.principal, let inside): trailing = inside + trailing
        case .bar(_, let inside): trailing += inside
        case .cover, .destination: break
        }
    }
    let content = top + [Node("content", nodes)] + bottom
    guard title != nil || !leading.isEmpty || !trailing.isEmpty else { return content }
    let inline = title?.1 ?? true
    let name = Node(inline ? "bartitle" : "largetitle", text: title?.0 ?? "")
    let bar = Node("bar", [Node("side", leading)] + (inline ? [name] : []) + [Node("side end", trailing)])
    return [bar] + (inline ? [] : [name]) + content
}
