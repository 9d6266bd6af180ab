// swift-tools-version:6.0
import PackageDescription

// The models. The app around them is in App/, for Xcode: see README.md.
let package = Package(
    name: "FlashpaperDemo",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "FlashpaperDemoModel", targets: ["FlashpaperDemoModel"])],
    dependencies: [.package(name: "Flashpaper", path: "../bindings/swift")],
    targets: [
        .target(
            name: "FlashpaperDemoModel",
            dependencies: [.product(name: "FlashpaperKit", package: "Flashpaper")]
        ),
    ],
    swiftLanguageModes: [.v6]
)

#if os(Linux)
package.targets += [
    // As much of Apple's frameworks as the views use, so that they are compiled here, and drawn as HTML.
    .target(name: "CoreImage", path: "Stubs/CoreImage"),
    .target(name: "UIKit", dependencies: ["CoreImage"], path: "Stubs/UIKit"),
    .target(name: "SwiftUI", dependencies: ["UIKit"], path: "Stubs/SwiftUI"),
    .target(
        name: "FlashpaperDemoViews", dependencies: ["FlashpaperDemoModel", "CoreImage", "SwiftUI", "UIKit"],
        path: "App/Views"),
    // The lab lives on Linux.
    .testTarget(
        name: "FlashpaperDemoModelTests",
        dependencies: [
            "FlashpaperDemoModel", .product(name: "FlashpaperTesting", package: "Flashpaper"),
            .product(name: "FlashpaperLab", package: "Flashpaper"),
        ]),
    .testTarget(
        name: "FlashpaperDemoViewsTests",
        dependencies: [
            "FlashpaperDemoModel", "FlashpaperDemoViews", "SwiftUI", "UIKit",
            .product(name: "FlashpaperTesting", package: "Flashpaper"),
        ]),
]
#endif
