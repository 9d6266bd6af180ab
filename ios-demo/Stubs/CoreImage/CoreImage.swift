// As much of Core Image as the views of the sample app use: see Stubs/SwiftUI/View.swift.
import Foundation

public final class CIFilter {
    private var message = Data()

    public init?(name: String) {}
    public func setValue(_ value: Any?, forKey key: String) { message = value as? Data ?? message }
    public var outputImage: CIImage? { CIImage(code: String(decoding: message, as: UTF8.self)) }
}

public struct CIImage {
    /// What a scanner reads in it.
    public let code: String

    public var extent: CGRect { CGRect() }
    public func transformed(by transform: CGAffineTransform) -> CIImage { self }
}

public struct CIContext {
    public init() {}
    public func createCGImage(_ image: CIImage, from part: CGRect) -> CGImage? { CGImage(code: image.code) }
}

public struct CGImage {
    public let code: String
}

public struct CGAffineTransform {
    public init(scaleX: CGFloat, y: CGFloat) {}
}
