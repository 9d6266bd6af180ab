// As much of UIKit as the views of the sample app use: see Stubs/SwiftUI/View.swift.
import CoreImage
import Foundation

public final class UIImage {
    /// What is drawn: a file, or a code.
    public let data: Data?
    public let code: String?

    public init() {
        data = nil
        code = nil
    }
    public init?(data: Data) {
        self.data = data
        code = nil
    }
    public init(cgImage: CGImage) {
        data = nil
        code = cgImage.code
    }
}

@MainActor
public final class UIPasteboard {
    public static let general = UIPasteboard()
    public struct OptionsKey: Hashable, Sendable {
        let name: String
        public static let localOnly = OptionsKey(name: "localOnly")
        public static let expirationDate = OptionsKey(name: "expirationDate")
    }

    public private(set) var changeCount = 0
    public var items: [[String: Any]] = [] { didSet { changeCount += 1 } }

    public func setItems(_ items: [[String: Any]], options: [OptionsKey: Any] = [:]) { self.items = items }
}

/// A colour for light and one for dark.
public struct UIColor: Sendable {
    public let css: String

    public init(hue: CGFloat, saturation: CGFloat, brightness: CGFloat, alpha: CGFloat) {
        let light = brightness * (1 - saturation / 2)
        let rest = min(light, 1 - light)
        css = "hsl(\(Int(hue * 360)) \(Int(rest == 0 ? 0 : (brightness - light) / rest * 100))% \(Int(light * 100))%)"
    }
    private init(css: String) { self.css = css }
    public static let systemGray5 = UIColor(css: "var(--fill)")
    public init(dynamicProvider: (UITraitCollection) -> UIColor) {
        let (light, dark) = (UITraitCollection(userInterfaceStyle: .light), UITraitCollection(userInterfaceStyle: .dark))
        css = "light-dark(\(dynamicProvider(light).css), \(dynamicProvider(dark).css))"
    }
}

public struct UITraitCollection: Sendable {
    public let userInterfaceStyle: UIUserInterfaceStyle
}

public enum UIUserInterfaceStyle: Sendable { case unspecified, light, dark }
