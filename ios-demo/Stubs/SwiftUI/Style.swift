import UIKit

public protocol ShapeStyle: Sendable {
    /// The stub's own: what CSS calls it.
    nonisolated var css: String { get }
}

public struct Color: View, Drawing, ShapeStyle, Hashable {
    public nonisolated let css: String

    nonisolated init(css: String) { self.css = css }
    public nonisolated init(uiColor: UIColor) { css = uiColor.css }
    public nonisolated func opacity(_ opacity: Double) -> Color {
        Color(css: "color-mix(in srgb, \(css) \(Int(opacity * 100))%, transparent)")
    }
    public nonisolated var drawn: [Node] {
        var node = Node("shape")
        node.styles = ["background:\(css)"]
        return [node]
    }

    public nonisolated static let secondary = Color(css: "var(--second)")
    public nonisolated static let accentColor = Color(css: "var(--tint)")
    public nonisolated static let clear = Color(css: "transparent")
    public nonisolated static let white = Color(css: "#fff")
    public nonisolated static let red = Color(css: "var(--red)")
    public nonisolated static let orange = Color(css: "var(--orange)")
    public nonisolated static let green = Color(css: "var(--green)")
    public nonisolated static let blue = Color(css: "var(--blue)")
}

extension ShapeStyle where Self == Color {
    public static var white: Color { Color.white }
    public static var red: Color { Color.red }
    public static var orange: Color { Color.orange }
}

/// Of the text around it, and paler.
public struct HierarchicalShapeStyle: ShapeStyle {
    public nonisolated var css: String { "var(--second)" }
}

extension ShapeStyle where Self == HierarchicalShapeStyle {
    public static var secondary: HierarchicalShapeStyle { HierarchicalShapeStyle() }
}

/// Of what is behind everything.
public struct BackgroundStyle: ShapeStyle {
    public nonisolated var css: String { "var(--page)" }
}

extension ShapeStyle where Self == BackgroundStyle {
    public static var background: BackgroundStyle { BackgroundStyle() }
}

public struct Font: Sendable {
    let css: [String]

    private init(_ size: Int, _ weight: Int = 400) { css = ["font-size:calc(\(size)px * var(--text))", "font-weight:\(weight)"] }
    private init(css: [String]) { self.css = css }

    public enum Weight: Int { case regular = 400, medium = 500, semibold = 600, bold = 700 }

    public func monospaced() -> Font { Font(css: css + ["font-family:var(--mono)"]) }
    public func monospacedDigit() -> Font { self }
    public func bold() -> Font { weight(.bold) }
    public func weight(_ weight: Weight) -> Font { Font(css: css + ["font-weight:\(weight.rawValue)"]) }

    public static let largeTitle = Font(34)
    public static let title = Font(28)
    public static let title2 = Font(22)
    public static let title3 = Font(20)
    public static let headline = Font(17, 600)
    public static let body = Font(17)
    public static let callout = Font(16)
    public static let subheadline = Font(15)
    public static let footnote = Font(13)
    public static let caption = Font(12)
    public static let caption2 = Font(11)
}

public struct ButtonStyle: Sendable {
    let name: String
    public static let automatic = ButtonStyle(name: "automatic")
    public static let plain = ButtonStyle(name: "plain")
    public static let borderless = ButtonStyle(name: "borderless")
    public static let bordered = ButtonStyle(name: "bordered")
    public static let borderedProminent = ButtonStyle(name: "prominent")
}

public enum Edge {
    public struct Set: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }
        public static let top = Set(rawValue: 1)
        public static let bottom = Set(rawValue: 2)
        public static let leading = Set(rawValue: 4)
        public static let trailing = Set(rawValue: 8)
        public static let horizontal: Set = [.leading, .trailing]
        public static let vertical: Set = [.top, .bottom]
        public static let all: Set = [.horizontal, .vertical]
    }
}

extension View {
    public func foregroundStyle(_ color: some ShapeStyle) -> some View { changed { $0.styles.append("color:\(color.css)") } }
    public func tint(_ color: Color?) -> some View {
        changed { node in
            guard let color else { return }
            node.styles.append("--tint:\(color.css)")
            node.extras = node.extras.map { extra in
                guard case .inset(let edge, let inside) = extra else { return extra }
                var tinted = Node("tinted", inside)
                tinted.styles = ["--tint:\(color.css)"]
                return .inset(edge, [tinted])
            }
        }
    }
    public func font(_ font: Font?) -> some View { changed { $0.styles += font?.css ?? [] } }
    public func fontWeight(_ weight: Font.Weight?) -> some View {
        changed { node in if let weight { node.styles.append("font-weight:\(weight.rawValue)") } }
    }
    public func bold() -> some View { fontWeight(.bold) }
    public func monospaced() -> some View { changed { $0.styles.append("font-family:var(--mono)") } }
    public func opacity(_ opacity: Double) -> some View { changed { $0.styles.append("opacity:\(opacity)") } }
    public func padding(_ edges: Edge.Set = .all, _ length: CGFloat? = nil) -> some View {
        changed { node in
            let names: [(Edge.Set, String)] = [
                (.top, "padding-top"), (.bottom, "padding-bottom"), (.leading, "padding-inline-start"),
                (.trailing, "padding-inline-end"),
            ]
            node.styles += names.filter { edges.contains($0.0) }.map { "\($0.1):\(length ?? 16)px" }
        }
    }
    public func padding(_ length: CGFloat) -> some View { padding(.all, length) }
    public func frame(width: CGFloat? = nil, height: CGFloat? = nil) -> some View {
        changed { node in
            if let width { node.styles += ["width:\(width)px", "flex:none"] }
            if let height { node.styles += ["height:\(height)px"] }
        }
    }
    public func frame(
        minWidth: CGFloat? = nil, maxWidth: CGFloat? = nil, minHeight: CGFloat? = nil, maxHeight: CGFloat? = nil,
        alignment: Alignment = .center
    ) -> some View {
        changed { node in
            let extras = node.extras
            node.extras = []
            node = Node("frame at-\(alignment)", [node])
            node.extras = extras
            if let minHeight { node.styles.append("min-height:\(minHeight)px") }
            if maxWidth == .infinity { node.styles.append("width:100%") }
            if maxHeight == .infinity { node.styles.append("flex:1") }
        }
    }
    public func background(_ color: some ShapeStyle) -> some View { changed { $0.styles.append("background:\(color.css)") } }
    public func background(_ color: some ShapeStyle, in shape: some Shape) -> some View {
        let form = shape.drawn.first
        return changed {
            $0.styles += ["background:\(color.css)"] + (form?.styles ?? [])
            if form?.kind.hasSuffix("capsule") == true { $0.styles.append("border-radius:999px") }
        }
    }
    public func clipShape(_ shape: some Shape) -> some View {
        let form = shape.drawn.first
        return changed {
            $0.styles += ["overflow:hidden"] + (form?.styles ?? [])
            if form?.kind.hasSuffix("circle") == true { $0.styles.append("border-radius:50%") }
        }
    }
    public func overlay<Content: View>(alignment: Alignment = .center, @ViewBuilder content: () -> Content) -> some View {
        let inside = content().drawn
        return changed { node in
            node = Node("overlaid", [node] + inside.map { Node("over over-\(alignment)", [$0]) })
        }
    }
    public func multilineTextAlignment(_ alignment: TextAlignment) -> some View {
        changed { $0.styles.append("text-align:\(alignment == .center ? "center" : alignment == .leading ? "start" : "end")") }
    }
    // A limit of a single number is not there: no view is to cut a text.
    public func lineLimit(_ range: ClosedRange<Int>) -> some View { self }
    public func buttonStyle(_ style: ButtonStyle) -> some View { changed { $0.kind += " \(style.name)" } }
    public func controlSize(_ size: ControlSize) -> some View { changed { $0.kind += " size-\(size)" } }
    public func labelsHidden() -> some View { changed { $0.kind += " unlabelled" } }
    public func labelStyle(_ style: LabelStyle) -> some View { changed { $0.kind += " \(style)" } }
    public func pickerStyle(_ style: PickerStyle) -> some View { changed { $0.kind += " \(style)" } }
    public func textFieldStyle(_ style: TextFieldStyle) -> some View { changed { $0.kind += " \(style)" } }
    public func listStyle(_ style: ListStyle) -> some View { changed { $0.kind += " \(style)" } }
    public func listRowBackground(_ color: Color?) -> some View {
        changed { node in if let color { node.styles += ["background:\(color.css)", "margin:-11px -16px", "padding:11px 16px"] } }
    }
    public func listRowSeparator(_ visibility: Visibility) -> some View { self }
    public func layoutPriority(_ priority: Double) -> some View { self }
    public func fixedSize() -> some View { changed { $0.kind += " fixed" } }
    public func scaledToFit() -> some View { changed { $0.styles.append("max-width:100%") } }
    public func defaultScrollAnchor(_ anchor: UnitPoint?) -> some View {
        changed { if anchor == .bottom { $0.kind += " from-bottom" } }
    }
    public func disabled(_ disabled: Bool) -> some View { changed { if disabled { $0.kind += " disabled" } } }
}

public enum ControlSize { case small, regular, large }
public enum LabelStyle { case iconOnly, titleAndIcon }
public enum PickerStyle { case segmented, inline, menu }
public enum TextFieldStyle { case roundedBorder, plain }
public enum ListStyle { case insetGrouped, plain }
public enum Visibility { case automatic, visible, hidden }
public enum UnitPoint { case bottom, top }
