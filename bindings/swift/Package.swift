// swift-tools-version:6.0
import PackageDescription

#if os(Linux)
// Its header; the library's folder is given on the command line.
let ffi: Target = .systemLibrary(name: "FlashpaperFFI")
#else
let ffi: Target = .binaryTarget(name: "FlashpaperFFI", path: "FlashpaperFFI.xcframework")
#endif

let kit: Target = .target(name: "FlashpaperKit", dependencies: ["FlashpaperAPI", "FlashpaperFFI"])
// Which of Apple's interfaces the native library uses.
let privacy = "PrivacyInfo.xcprivacy"
#if os(Linux)
kit.exclude = [privacy]
#else
kit.resources = [.copy(privacy)]
#endif

let package = Package(
    name: "Flashpaper",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [
        .library(name: "FlashpaperKit", targets: ["FlashpaperKit"]),
        .library(name: "FlashpaperTesting", targets: ["FlashpaperTesting"]),
    ],
    targets: [
        ffi,
        // Protocols, values and errors, without the native library: FlashpaperKit and FlashpaperTesting are this and more.
        .target(name: "FlashpaperAPI"),
        // Its folder Generated is made by `cargo xtask bindings`.
        kit,
        .target(name: "FlashpaperTesting", dependencies: ["FlashpaperAPI"]),
    ],
    swiftLanguageModes: [.v6]
)

#if os(Linux)
// Swift 6.0 passes over the name of an upcoming feature that it does not know. Strict concurrency is a part of Swift 6.
#if compiler(>=6.1)
let memberVisibility = SwiftSetting.enableUpcomingFeature("MemberImportVisibility")
#else
let memberVisibility = SwiftSetting.enableExperimentalFeature("MemberImportVisibility")
#endif

// The lab lives on Linux: for the tests here and those of the sample app.
package.products.append(.library(name: "FlashpaperLab", targets: ["FlashpaperLab"]))
package.targets += [
    .target(name: "FlashpaperLab", path: "Tests/FlashpaperLab"),
    .testTarget(name: "FlashpaperKitTests", dependencies: ["FlashpaperKit", "FlashpaperTesting", "FlashpaperLab"]),
    .testTarget(name: "FlashpaperTestingTests", dependencies: ["FlashpaperTesting"]),
    .testTarget(
        name: "FlashpaperAppTests", dependencies: ["FlashpaperKit", "FlashpaperLab"],
        swiftSettings: [memberVisibility]),
]
#else
// Keychain, Secure Enclave and UIKit are Apple's alone.
package.products.append(.library(name: "FlashpaperApple", targets: ["FlashpaperApple"]))
package.targets.append(.target(name: "FlashpaperApple", dependencies: ["FlashpaperAPI"]))
#endif
