package com.example.routeguide;

import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
class RouteGuideApplication {

}
