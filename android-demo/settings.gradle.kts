// For Android Studio, where Google's repository is at hand. The check without it is Maven's: pom.xml.
pluginManagement {
    repositories {
        google()
        mavenCentral()
    }
}
dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}
rootProject.name = "flashpaper-demo"
include(":app")
